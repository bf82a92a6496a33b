/**
 * kill -9, again and again, with QUITs and deliveries in flight: now a node, now PostgreSQL with all of
 * its processes. Whatever was promised is there exactly once, whatever was marked is gone whole or
 * not at all, and a maildrop that a dead node had open is free within its lease.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer, type TemporaryServer } from '@poplar/store/testing';
import { addBulk } from '../support/accidents.ts';
import { deliveriesAgree, quitsAgree } from '../support/ledger-agrees.ts';
import { type Load, startLoad } from '../support/load.ts';
import { eventually } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

const isSoak = process.env.POPLAR_TEST_SOAK !== undefined;
const rounds = isSoak ? 50 : 5;
/** Two go with each session, for as long as a lease lasts: more than can be read meanwhile. */
const messagesEach = 5_000;
const clientsEach = 2;
const runsMs = 1_200;
/** A lease, and a look at it. */
const freeWithinMs = 20_000;
const recoveredWithinMs = 15_000;

let server: TemporaryServer;
let database: TestDatabase;
const names = ['first', 'second'];
const nodes: RunningNode[] = [];
let mailboxes = 0;

before(async () => {
  // As durable as a site's: what is promised must survive by itself.
  server = await startServer({ settings: ['fsync=on', 'full_page_writes=on'] });
  database = await openTestDatabase(server);
  nodes.push(...(await Promise.all(names.map(start))));
});
after(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await database.drop();
  await server.stop();
});

function start(name: string): Promise<RunningNode> {
  return startNode({
    databaseUrl: database.url,
    workers: 1,
    environment: { POPLAR_NODE_NAME: name },
  });
}

async function newMailboxes(kind: string): Promise<TestMailbox[]> {
  const boxes: TestMailbox[] = [];
  for (let nth = 0; nth < clientsEach; nth += 1) {
    mailboxes += 1;
    boxes.push(await database.addMailbox(`${kind}${mailboxes}@example.org`));
  }
  return boxes;
}

interface Scene {
  readonly readers: readonly TestMailbox[];
  readonly receivers: readonly TestMailbox[];
  readonly load: Load;
}

async function begin(node: RunningNode): Promise<Scene> {
  const [readers, receivers] = [await newMailboxes('reader'), await newMailboxes('receiver')];
  for (const box of readers) await addBulk(database, box, { messages: messagesEach });
  return { readers, receivers, load: startLoad({ node, readers, receivers }) };
}

/** What was told, and what is there. Answers how much it was. */
async function agree({ readers, receivers, load }: Scene): Promise<number> {
  await load.stop();
  const { ledger } = load;
  await quitsAgree({ database, ledger }, { mailboxes: readers, messagesEach });
  await deliveriesAgree({ database, ledger }, receivers);
  return ledger.acknowledged.length + ledger.quits.length;
}

async function opens(node: RunningNode, { address }: TestMailbox): Promise<void> {
  const client = await Pop3Client.connect({ port: node.pop3, patienceMs: 20_000 });
  try {
    await client.login(address, testSecret);
    await client.quit();
  } finally {
    client.destroy();
  }
}

/** The node dies with a session that has marks, and stays away until its lease is over. */
async function killNode(nth: number, staysAway: boolean): Promise<void> {
  const [node, other] = [nodes[nth], nodes[1 - nth]];
  assert.ok(node !== undefined && other !== undefined);
  const [marked] = await newMailboxes('marked');
  assert.ok(marked !== undefined);
  await addBulk(database, marked, { messages: 2 });
  const session = await Pop3Client.connect({ port: node.pop3 });
  await session.login(marked.address, testSecret);
  await session.ok('DELE 1');
  await node.kill();
  session.destroy();
  if (staysAway) await eventually(() => opens(other, marked), freeWithinMs, 250);
  nodes[nth] = await start(names[nth] ?? '');
  // One that starts again under its name frees what it had at once.
  await eventually(() => opens(other, marked), staysAway ? 1_000 : 5_000, 100);
  assert.equal((await database.visible(marked)).length, 2, 'a mark without QUIT removes nothing');
}

async function killServer(): Promise<void> {
  await server.kill();
  await sleep(300);
  // The processes of the killed server may need a moment to notice.
  await eventually(() => server.start(), 10_000, 200);
}

async function servedSince(scene: Scene, sinceMs: number): Promise<void> {
  await eventually(() => {
    const { lastDoneAtMs } = scene.load.ledger;
    assert.equal(lastDoneAtMs.size, 2 * clientsEach);
    const late = [...lastDoneAtMs].filter(([, doneAtMs]) => doneAtMs < sinceMs);
    assert.deepEqual(late, [], 'these clients are not served again');
  }, recoveredWithinMs);
}

interface Sums {
  promised: number;
  nodes: number;
  servers: number;
}

/** Something dies while all are at work, and those who can be served are. */
async function strike(round: number, scenes: readonly Scene[], sums: Sums): Promise<void> {
  await sleep(runsMs);
  if (round % 2 === 0) {
    const nth = (round / 2) % 2;
    await killNode(nth, round === 0);
    sums.nodes += 1;
    const survivor = scenes[1 - nth];
    assert.ok(survivor !== undefined);
    await servedSince(survivor, performance.now());
  } else {
    await killServer();
    sums.servers += 1;
    const sinceMs = performance.now();
    for (const scene of scenes) await servedSince(scene, sinceMs);
  }
}

test(`${rounds} rounds of kill -9`, { timeout: rounds * 60_000 }, async (t) => {
  const sums: Sums = { promised: 0, nodes: 0, servers: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const scenes = await Promise.all(nodes.map(begin));
    try {
      await strike(round, scenes, sums);
    } finally {
      await Promise.all(scenes.map(({ load }) => load.stop()));
    }
    for (const scene of scenes) sums.promised += await agree(scene);
    // Nobody is left with a maildrop that nobody has.
    for (const { readers } of scenes) {
      for (const box of readers) {
        for (const node of nodes) await eventually(() => opens(node, box), 5_000, 100);
      }
    }
  }
  t.diagnostic(`${sums.promised} QUITs and deliveries; ${JSON.stringify(sums)} killed`);
});
