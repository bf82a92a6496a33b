/**
 * PostgreSQL crashes and comes back under load: what clients are told meanwhile, how long it takes
 * until all is well again, and that the database holds exactly what was promised.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer, type TemporaryServer } from '@poplar/store/testing';
import { addBulk } from '../support/accidents.ts';
import { deliveriesAgree, quitsAgree } from '../support/ledger-agrees.ts';
import { type Load, startLoad } from '../support/load.ts';
import { eventually, metric } from '../support/node-inspection.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, type TestMailbox } from '../support/test-database.ts';

const readers = 6;
const receivers = 3;
const messagesEach = 1_500;
const runsMs = 1_500;
const awayMs = 2_000;
const recoveredWithinMs = 10_000;

let server: TemporaryServer;
let database: TestDatabase;
let node: RunningNode;
const readBoxes: TestMailbox[] = [];
const receiveBoxes: TestMailbox[] = [];

before(async () => {
  server = await startServer();
  // A server of its own, whatever the runner offers: this one is crashed.
  database = await openTestDatabase(server);
  for (let i = 0; i < readers; i += 1) {
    const box = await database.addMailbox(`reader${i}@example.org`);
    await addBulk(database, box, { messages: messagesEach });
    readBoxes.push(box);
  }
  for (let i = 0; i < receivers; i += 1) {
    receiveBoxes.push(await database.addMailbox(`receiver${i}@example.org`));
  }
  node = await startNode({ databaseUrl: database.url });
});
after(async () => {
  await node.stop();
  await database.drop();
  await server.stop();
});

/** The server is gone without a word, and back on its data a while later. Answers when. */
async function crashAndStart(): Promise<number> {
  await server.kill();
  await sleep(awayMs);
  // The processes of the crashed server may need a moment to notice.
  await eventually(() => server.start(), 10_000, 200);
  return performance.now();
}

/** Resolves when every client has finished something that it began after that moment. */
async function recovered({ ledger }: Load, backAtMs: number): Promise<void> {
  await eventually(() => {
    const late = [...ledger.lastDoneAtMs].filter(([, doneAtMs]) => doneAtMs < backAtMs + 200);
    assert.deepEqual(late, [], 'these clients are not served again');
    assert.equal(ledger.lastDoneAtMs.size, readers + receivers);
  }, recoveredWithinMs);
}

test('a crash of PostgreSQL under load loses nothing and needs no restart', async (t) => {
  const load = startLoad({ node, readers: readBoxes, receivers: receiveBoxes });
  const { ledger } = load;
  try {
    await sleep(runsMs);
    const acknowledgedBefore = ledger.acknowledged.length;
    assert.ok(acknowledgedBefore > 0 && ledger.quits.length > 0, 'the load is running');
    for (let round = 0; round < 2; round += 1) {
      const backAtMs = await crashAndStart();
      await recovered(load, backAtMs);
      t.diagnostic(`recovered ${Math.round(performance.now() - backAtMs)} ms after it was back`);
    }
    await sleep(500);
  } finally {
    await load.stop();
  }
  t.diagnostic(
    `${ledger.acknowledged.length} deliveries, ${ledger.refused.length} refused; ` +
      `${ledger.quits.length} QUITs, ${ledger.quits.filter(({ reply }) => !reply?.ok).length} not +OK; ` +
      `${ledger.refusals.length} logins refused, ${ledger.lost} connections lost`,
  );

  // What clients saw: an outage is never a wrong password, nor mail that is refused for good.
  assert.ok(ledger.refusals.length > 0, 'the outage was noticed');
  const codes = new Set(ledger.refusals.map(({ code }) => code));
  codes.delete('IN-USE');
  assert.deepEqual([...codes], ['SYS/TEMP']);
  for (const { code } of ledger.unavailable) assert.equal(code, 'SYS/TEMP');
  for (const { reply } of ledger.quits)
    if (reply?.ok === false) assert.equal(reply.code, 'SYS/TEMP');
  assert.ok(ledger.refused.includes(451), 'deliveries were told to come again');
  assert.deepEqual(
    ledger.refused.filter((code) => code !== 451),
    [],
    'a sender is always answered',
  );
  // Connections to the node outlive the one to PostgreSQL.
  assert.equal(ledger.lost, 0, 'no client was dropped without a word');

  const holds = { database, ledger };
  await quitsAgree(holds, { mailboxes: readBoxes, messagesEach });
  await deliveriesAgree(holds, receiveBoxes);
  assert.equal(await metric(node, 'poplar_worker_restarts_total'), 0);
  await eventually(async () => {
    const answer = await fetch(`http://127.0.0.1:${node.ops}/readyz`);
    assert.equal(answer.status, 200, await answer.text());
  });
});
