/**
 * Clients that go on, one session after the other, whatever happens to the service, and write down
 * what they were told: the ledger that is compared with the database afterwards.
 *
 * Never: a failure hidden; a client that outlives `stop`.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { LmtpClient } from './lmtp-client.ts';
import { Pop3Client, type Pop3Reply } from './pop3-client.ts';
import type { RunningNode } from './start-node.ts';
import { type TestMailbox, testSecret } from './test-database.ts';

/** One QUIT with deletions. */
interface TriedQuit {
  readonly mailbox: TestMailbox;
  readonly messageIds: readonly bigint[];
  /** Null when the connection was lost before an answer. */
  readonly reply: Pop3Reply | null;
}

export interface Ledger {
  /** Refusals of logins. */
  readonly refusals: Pop3Reply[];
  /** -ERR to RETR. */
  readonly unavailable: Pop3Reply[];
  readonly quits: TriedQuit[];
  /** Names of messages that were answered with 250. */
  readonly acknowledged: string[];
  /** Codes of those that were not; null for a lost connection. */
  readonly refused: (number | null)[];
  /** When each client last finished a whole session or delivery, by its name. */
  readonly lastDoneAtMs: Map<string, number>;
  /** Connections that ended without a word where one was due. */
  lost: number;
}

export interface Load {
  readonly ledger: Ledger;
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly node: RunningNode;
  /** One client each: logs in, reads one message, deletes two, quits. */
  readonly readers: readonly TestMailbox[];
  /** One client each that delivers to it. */
  readonly receivers: readonly TestMailbox[];
}

const pauseMs = 15;
/** The database's end of a UIDL: 64 bits of message id, then the GUID. */
const idOctets = 8;

export function startLoad({ node, readers, receivers }: LoadOptions): Load {
  const ledger: Ledger = {
    refusals: [],
    unavailable: [],
    quits: [],
    acknowledged: [],
    refused: [],
    lastDoneAtMs: new Map(),
    lost: 0,
  };
  const state = { stopping: false };
  const goOn = async (name: string, once: () => Promise<boolean>): Promise<void> => {
    while (!state.stopping) {
      try {
        if (await once()) ledger.lastDoneAtMs.set(name, performance.now());
      } catch {
        ledger.lost += 1;
      }
      await sleep(pauseMs);
    }
  };
  const loops = [
    ...readers.map((box) => goOn(`reader ${box.address}`, () => readOnce(node, box, ledger))),
    ...receivers.map((box) => goOn(`sender ${box.address}`, () => deliverOnce(node, box, ledger))),
  ];
  return {
    ledger,
    stop: async () => {
      state.stopping = true;
      await Promise.all(loops);
    },
  };
}

/** True when all of it was done. */
async function readOnce(node: RunningNode, mailbox: TestMailbox, ledger: Ledger): Promise<boolean> {
  const client = await Pop3Client.connect({ port: node.pop3, patienceMs: 40_000 });
  try {
    await client.ok(`USER ${mailbox.address}`);
    const login = await client.command(`PASS ${testSecret}`);
    if (!login.ok) {
      ledger.refusals.push(login);
      return false;
    }
    const listed = await client.listing('UIDL');
    // A maildrop may have been emptied when the load has gone on for long.
    const retrieved = listed.length > 0 ? await client.command('RETR 1') : null;
    if (retrieved?.ok === true) await client.wire.bodyUntilDot();
    else if (retrieved !== null) ledger.unavailable.push(retrieved);
    const messageIds: bigint[] = [];
    for (const line of listed.slice(0, 2)) {
      const [number = '', uidl = ''] = line.split(' ');
      await client.ok(`DELE ${number}`);
      messageIds.push(Buffer.from(uidl, 'base64').subarray(0, idOctets).readBigInt64BE());
    }
    const reply = await client.command('QUIT').catch(() => null);
    if (messageIds.length > 0) ledger.quits.push({ mailbox, messageIds, reply });
    return retrieved?.ok !== false && reply?.ok === true;
  } finally {
    client.destroy();
  }
}

let names = 0;

async function deliverOnce(
  node: RunningNode,
  { address }: TestMailbox,
  ledger: Ledger,
): Promise<boolean> {
  names += 1;
  const name = `letter-${names}-`;
  const client = await LmtpClient.connect({ port: node.lmtp, patienceMs: 40_000 });
  try {
    const content = `Subject: ${name}\r\n\r\n${'text '.repeat(200)}\r\n`;
    const [reply] = await client.deliver({ from: 'a@example.net', to: [address], content });
    if (reply?.code === 250) ledger.acknowledged.push(name);
    else ledger.refused.push(reply?.code ?? null);
    return reply?.code === 250;
  } catch (error) {
    ledger.refused.push(null);
    throw error;
  } finally {
    client.destroy();
  }
}
