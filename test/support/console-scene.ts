/**
 * A cluster that an operator could look at: nodes with the REST API, mailboxes of a firm, and clients that come
 * and go.
 *
 * Never: a client that is not told to stop.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LmtpClient } from './lmtp-client.ts';
import { lines } from './messages.ts';
import { Pop3Client } from './pop3-client.ts';
import { type RunningNode, startNode } from './start-node.ts';
import { type TestDatabase, testSecret } from './test-database.ts';

/** @param environment beside what every node of a scene has */
export function startAdminNode(
  database: TestDatabase,
  name: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<RunningNode> {
  return startNode({
    databaseUrl: database.url,
    workers: 1,
    environment: {
      ...{ POPLAR_NODE_NAME: name, POPLAR_LOCK_WAIT_MS: '0', POPLAR_DRAIN_NOTICE_MS: '0' },
      ...{ POPLAR_ROLES: 'pop3,maildrop,admin', POPLAR_LISTEN_ADMIN: '127.0.0.1:0' },
      ...environment,
    },
  });
}

export function readToken({ dataDir }: RunningNode): string {
  return readFileSync(join(dataDir, 'admin-token'), 'utf8').trim();
}

/** A letter with the fields that tell which it is. */
export function letter(subject: string, from = 'Carol Reed <carol@example.net>'): string {
  const body = Array.from(
    { length: 40 },
    (_, line) => `Line ${line + 1} of a letter that is read.`,
  );
  return lines(`From: ${from}`, 'To: you', `Subject: ${subject}`, '', ...body);
}

export interface Load {
  stop(): Promise<void>;
}

/** Clients that poll, read and delete, and mail that comes, until it is stopped. */
export function startLoad(nodes: readonly RunningNode[], addresses: readonly string[]): Load {
  const ending = new AbortController();
  const { signal } = ending;
  const pause = (ms: number): Promise<void> =>
    sleep(ms, undefined, { signal }).catch(() => undefined);
  const clients = addresses.map(async (address, index) => {
    const node = nodes[index % nodes.length];
    for (let turn = index; node !== undefined && !signal.aborted; turn += 1) {
      await round(node, address, turn);
      // Not all at once, and not always as many.
      await pause(150 + 100 * (index % 5) + 400 * Math.abs(Math.sin(turn / 9)));
    }
  });
  const all = Promise.all(clients);
  // What fails is reported by `stop`.
  all.catch(() => undefined);
  return {
    stop: async () => {
      ending.abort();
      await all;
    },
  };
}

async function round(node: RunningNode, address: string, turn: number): Promise<void> {
  const lmtp = await LmtpClient.connect({ port: node.lmtp });
  const content = letter(`Report ${turn}`);
  await lmtp.delivered({ from: 'carol@example.net', to: [address], content });
  await lmtp.quit();
  const client = await Pop3Client.connect({ port: node.pop3 });
  if (turn % 7 === 0) {
    await client.ok(`USER ${address}`);
    await client.command('PASS wrong');
  }
  await client.login(address, testSecret);
  await client.listing('UIDL');
  await client.content('RETR 1');
  await client.ok('DELE 1');
  if (turn % 5 === 0) await refused(node, address);
  await client.quit();
}

/** Another login while the maildrop is open. */
async function refused(node: RunningNode, address: string): Promise<void> {
  const other = await Pop3Client.connect({ port: node.pop3 });
  await other.ok(`USER ${address}`);
  await other.command(`PASS ${testSecret}`);
  other.destroy();
}
