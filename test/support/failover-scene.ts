/**
 * What a fail-over happens to: a primary and its synchronous standby, two nodes that name both, clients
 * at each of them that go on whatever happens, and two sessions that are open with a mark from before.
 *
 * Never: a promise that is looked up on another server than the one that took over.
 */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { addBulk } from './accidents.ts';
import { deliveriesAgree, quitsAgree } from './ledger-agrees.ts';
import { type Load, startLoad } from './load.ts';
import { eventually } from './node-inspection.ts';
import { Pop3Client } from './pop3-client.ts';
import { type ServerPair, startServerPair } from './server-pair.ts';
import { type RunningNode, startNode } from './start-node.ts';
import {
  attachTestDatabase,
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from './test-database.ts';

const messagesEach = 800;
const clientsEach = 2;
const runsMs = 1_500;
/** A renewal comes every five seconds. */
const noticedWithinMs = 15_000;
const readyWithinMs = 20_000;

/** A session with one mark, and the message it marked. */
interface MarkedSession {
  readonly mailbox: TestMailbox;
  readonly client: Pop3Client;
  readonly messageId: bigint;
}

export interface FailoverScene {
  readonly pair: ServerPair;
  /** The name of the database. */
  readonly name: string;
  readonly nodes: readonly RunningNode[];
  readonly kept: MarkedSession;
  readonly robbed: MarkedSession;
  /** Of the server that took over; there from `tookOver` on. */
  after(): TestDatabase;
  /** The standby takes writes. Answers when, by `performance.now()`. */
  takeOver(): Promise<number>;
  untilReadyIs(status: 200 | 503): Promise<void>;
  /** Every client has finished something that it began after that moment. */
  recovered(sinceMs: number, withinMs: number): Promise<void>;
  /** Ends the clients and compares what they were told with what is there. Answers in numbers. */
  agree(): Promise<string>;
  end(): Promise<void>;
}

export async function failoverScene(): Promise<FailoverScene> {
  const pair = await startServerPair();
  const database = await openTestDatabase(pair.primary);
  const name = new URL(database.url).pathname.slice(1);
  const boxes = await makeMailboxes(database);
  await pair.makeSynchronous();
  const databaseUrl = pair.urlOnBoth(name);
  const environment = (node: string) => ({ POPLAR_NODE_NAME: node });
  const nodes = await Promise.all(
    ['a', 'b'].map((node) =>
      startNode({ databaseUrl, workers: 1, environment: environment(node) }),
    ),
  );
  const [kept, robbed] = await Promise.all(
    boxes.marked.map((mailbox, index) => markedSession(nodes[index], mailbox, database)),
  );
  assert.ok(kept !== undefined && robbed !== undefined);
  const loads = nodes.map((node, index) =>
    startLoad({
      node,
      readers: boxes.read.slice(index * clientsEach, (index + 1) * clientsEach),
      receivers: boxes.received.slice(index * clientsEach, (index + 1) * clientsEach),
    }),
  );
  await sleep(runsMs);
  for (const { ledger } of loads) {
    assert.ok(ledger.acknowledged.length > 0 && ledger.quits.length > 0, 'the load is running');
  }
  const after: TestDatabase = attachTestDatabase(pair.urlOn(pair.standby, name));
  return {
    ...{ pair, name, nodes, kept, robbed },
    after: () => after,
    takeOver: async () => {
      await pair.promote();
      return performance.now();
    },
    untilReadyIs: (status) => untilReadyIs(nodes, status),
    recovered: async (sinceMs, withinMs) => {
      for (const load of loads) await untilServed(load, { sinceMs, withinMs });
    },
    agree: () => agree(after, { boxes, loads }),
    end: async () => {
      await Promise.all(loads.map((load) => load.stop()));
      for (const { client } of [kept, robbed]) client.destroy();
      await Promise.all(nodes.map((node) => node.stop()));
      await after.drop();
      await database.store.end();
      await pair.stop();
    },
  };
}

interface Mailboxes {
  readonly read: readonly TestMailbox[];
  readonly received: readonly TestMailbox[];
  readonly marked: readonly TestMailbox[];
}

async function makeMailboxes(database: TestDatabase): Promise<Mailboxes> {
  const make = (kind: string, count: number): Promise<TestMailbox[]> =>
    Promise.all(
      Array.from({ length: count }, (_, i) => database.addMailbox(`${kind}${i}@example.org`)),
    );
  const read = await make('reader', 2 * clientsEach);
  const received = await make('receiver', 2 * clientsEach);
  const marked = await make('marked', 2);
  for (const box of read) await addBulk(database, box, { messages: messagesEach });
  for (const box of marked) await addBulk(database, box, { messages: 2 });
  return { read, received, marked };
}

async function markedSession(
  node: RunningNode | undefined,
  mailbox: TestMailbox,
  database: TestDatabase,
): Promise<MarkedSession> {
  assert.ok(node !== undefined);
  const [messageId = 0n] = await database.visible(mailbox);
  const client = await Pop3Client.connect({ port: node.pop3, patienceMs: 40_000 });
  await client.login(mailbox.address, testSecret);
  await client.ok('DELE 1');
  return { mailbox, client, messageId };
}

async function untilReadyIs(nodes: readonly RunningNode[], status: 200 | 503): Promise<void> {
  const withinMs = status === 503 ? noticedWithinMs : readyWithinMs;
  for (const node of nodes) {
    await eventually(async () => {
      const answer = await fetch(`http://127.0.0.1:${node.ops}/readyz`);
      const said = await answer.text();
      assert.equal(answer.status, status, said);
      if (status === 503) assert.match(said, /database unreachable/);
    }, withinMs);
  }
}

/** Whatever a client finished that soon, it may have begun before. */
const begunMs = 200;

async function untilServed(
  { ledger }: Load,
  { sinceMs, withinMs }: { readonly sinceMs: number; readonly withinMs: number },
): Promise<void> {
  const leftMs = withinMs - (performance.now() - sinceMs);
  await eventually(() => {
    const late = [...ledger.lastDoneAtMs].filter(([, doneAtMs]) => doneAtMs < sinceMs + begunMs);
    assert.deepEqual(late, [], 'these clients are not served again');
    assert.equal(ledger.lastDoneAtMs.size, 2 * clientsEach);
  }, leftMs);
}

async function agree(
  database: TestDatabase,
  { boxes, loads }: { readonly boxes: Mailboxes; readonly loads: readonly Load[] },
): Promise<string> {
  await Promise.all(loads.map((load) => load.stop()));
  const sums = { deliveries: 0, refused: 0, quits: 0, notOk: 0, logins: 0 };
  for (const [index, { ledger }] of loads.entries()) {
    const from = index * clientsEach;
    const mailboxes = boxes.read.slice(from, from + clientsEach);
    await quitsAgree({ database, ledger }, { mailboxes, messagesEach });
    await deliveriesAgree({ database, ledger }, boxes.received.slice(from, from + clientsEach));
    toldAsOutage(ledger);
    sums.deliveries += ledger.acknowledged.length;
    sums.refused += ledger.refused.length;
    sums.quits += ledger.quits.length;
    sums.notOk += ledger.quits.filter(({ reply }) => reply?.ok !== true).length;
    sums.logins += ledger.refusals.length;
  }
  return (
    `${sums.deliveries} deliveries, ${sums.refused} refused; ${sums.quits} QUITs, ` +
    `${sums.notOk} not +OK; ${sums.logins} logins refused`
  );
}

/** Never a wrong password, nor mail that is refused for good, nor a connection dropped without a word. */
function toldAsOutage(ledger: Load['ledger']): void {
  const codes = new Set(ledger.refusals.map(({ code }) => code));
  codes.delete('IN-USE');
  codes.delete('SYS/TEMP');
  assert.deepEqual([...codes], []);
  for (const { code } of ledger.unavailable) assert.equal(code, 'SYS/TEMP');
  for (const { reply } of ledger.quits) {
    if (reply?.ok === false) assert.equal(reply.code, 'SYS/TEMP');
  }
  assert.deepEqual(
    ledger.refused.filter((code) => code !== 451),
    [],
  );
  assert.equal(ledger.lost, 0, 'no client was dropped without a word');
}
