/**
 * Clients of a cluster whose nodes and database are killed: some deliver, each letter once; others log
 * in, look at what is there, mark a few and QUIT. They write down what they were told and what became of
 * each message as far as anybody may know.
 *
 * Never: a letter sent twice; an answer that was not given taken for either one.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { LmtpClient } from './lmtp-client.ts';
import { Pop3Client } from './pop3-client.ts';
import type { RunningNode } from './start-node.ts';
import { type TestMailbox, testSecret } from './test-database.ts';

/** One QUIT with marks. `unknown`: the connection was lost before an answer. */
interface Removal {
  readonly mailbox: TestMailbox;
  readonly messageIds: readonly bigint[];
  readonly told: 'ok' | 'err' | 'unknown';
}

export interface KillLedger {
  /** Names of letters that were answered with 250. */
  readonly acknowledged: Set<string>;
  readonly removals: Removal[];
  /** UIDLs by the name of the letter, as they were first seen. */
  readonly uidls: Map<string, string>;
  /** What no client should have seen. */
  readonly wrong: string[];
  /** Deliveries not answered by 250, logins refused, connections lost. */
  refused: number;
  /** Deliveries and QUITs that wait for an answer of each node now. */
  readonly inFlight: readonly { deliveries: number; quits: number }[];
  /** Things done by each client since it began to run. */
  readonly done: Map<string, number>;
}

export interface KillLoad {
  readonly ledger: KillLedger;
  /** Goes on until `pause`, which waits for what is under way. */
  run(): void;
  pause(): Promise<void>;
}

const marksMax = 3;
/** So many letters of a maildrop are left there, that it shows if they are lost. */
const leftThere = 8;
const patienceMs = 30_000;
const pauseMs = 10;
/** The database's end of a UIDL: 64 bits of message id, then the GUID. */
const idOctets = 8;

export function messageIdOf(uidl: string): bigint {
  return Buffer.from(uidl, 'base64').subarray(0, idOctets).readBigInt64BE();
}

/** The nodes are asked for at each connection: the one at an index may be another one by then. */
export function killLoad(
  nodes: readonly (() => RunningNode)[],
  mailboxes: readonly TestMailbox[],
): KillLoad {
  const ledger: KillLedger = {
    acknowledged: new Set(),
    removals: [],
    uidls: new Map(),
    wrong: [],
    refused: 0,
    inFlight: nodes.map(() => ({ deliveries: 0, quits: 0 })),
    done: new Map(),
  };
  const clients = new Clients(nodes, ledger);
  const state = { isRunning: false };
  let loops: Promise<void>[] = [];
  const goOn = async (name: string, once: (nth: number) => Promise<boolean>): Promise<void> => {
    for (let nth = 0; state.isRunning; nth += 1) {
      const isDone = await once(nth).catch(() => false);
      if (isDone) ledger.done.set(name, (ledger.done.get(name) ?? 0) + 1);
      else ledger.refused += 1;
      await sleep(pauseMs);
    }
  };
  return {
    ledger,
    run: () => {
      state.isRunning = true;
      ledger.done.clear();
      loops = mailboxes.flatMap((mailbox, index) => [
        goOn(`sender ${index}`, (nth) => clients.deliver(mailbox, nth + index)),
        // Two want the same maildrop, on different nodes.
        goOn(`reader ${index}`, (nth) => clients.remove(mailbox, nth + index)),
        goOn(`rival ${index}`, (nth) => clients.remove(mailbox, nth + index + 1)),
      ]);
    },
    pause: async () => {
      state.isRunning = false;
      await Promise.all(loops);
    },
  };
}

class Clients {
  readonly #nodes: readonly (() => RunningNode)[];
  readonly #ledger: KillLedger;
  #letters = 0;

  constructor(nodes: readonly (() => RunningNode)[], ledger: KillLedger) {
    this.#nodes = nodes;
    this.#ledger = ledger;
  }

  async deliver({ address }: TestMailbox, nth: number): Promise<boolean> {
    this.#letters += 1;
    const name = `letter-${this.#letters}-`;
    const { node, inFlight } = this.#at(nth);
    const client = await LmtpClient.connect({ port: node.lmtp, patienceMs });
    inFlight.deliveries += 1;
    try {
      const content = `Subject: ${name}\r\n\r\n${'text '.repeat(200)}\r\n`;
      const [reply] = await client.deliver({ from: 'a@example.net', to: [address], content });
      if (reply?.code === 250) this.#ledger.acknowledged.add(name);
      else if (reply?.code !== 451) this.#ledger.wrong.push(`a delivery was told ${reply?.code}`);
      return reply?.code === 250;
    } finally {
      inFlight.deliveries -= 1;
      client.destroy();
    }
  }

  async remove(mailbox: TestMailbox, nth: number): Promise<boolean> {
    const { node, inFlight } = this.#at(nth);
    const client = await Pop3Client.connect({ port: node.pop3, patienceMs });
    try {
      await client.ok(`USER ${mailbox.address}`);
      const login = await client.command(`PASS ${testSecret}`);
      if (!login.ok) {
        const isOutage = login.code === 'SYS/TEMP' || login.code === 'IN-USE';
        if (!isOutage) this.#ledger.wrong.push(`a login was told ${login.code}`);
        return false;
      }
      const messageIds = await this.#look(client);
      inFlight.quits += 1;
      const quit = await client.command('QUIT').catch(() => null);
      inFlight.quits -= 1;
      if (quit?.ok === false && quit.code !== 'SYS/TEMP') {
        this.#ledger.wrong.push(`QUIT was told ${quit.code}`);
      }
      const told = quit === null ? 'unknown' : quit.ok ? 'ok' : 'err';
      if (messageIds.length > 0) this.#ledger.removals.push({ mailbox, messageIds, told });
      return told === 'ok';
    } finally {
      client.destroy();
    }
  }

  /** Looks at the first few, when there are enough, and marks them. Answers their ids. */
  async #look(client: Pop3Client): Promise<bigint[]> {
    const marked: bigint[] = [];
    const listed = await client.listing('UIDL');
    const spare = Math.max(0, listed.length - leftThere);
    for (const line of listed.slice(0, Math.min(spare, marksMax))) {
      const [number = '', uidl = ''] = line.split(' ');
      const [, name = ''] =
        /^Subject: (letter-\d+-)\r$/m.exec(await client.content(`TOP ${number} 0`)) ?? [];
      const known = this.#ledger.uidls.get(name) ?? uidl;
      this.#ledger.uidls.set(name, known);
      if (name === '' || known !== uidl)
        this.#ledger.wrong.push(`${name} was ${known}, is ${uidl}`);
      await client.ok(`DELE ${number}`);
      marked.push(messageIdOf(uidl));
    }
    return marked;
  }

  #at(nth: number): { node: RunningNode; inFlight: { deliveries: number; quits: number } } {
    const index = nth % this.#nodes.length;
    const [node, inFlight] = [this.#nodes[index], this.#ledger.inFlight[index]];
    if (node === undefined || inFlight === undefined) throw new Error('there is no such node');
    return { node: node(), inFlight };
  }
}
