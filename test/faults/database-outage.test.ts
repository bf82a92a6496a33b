/**
 * PostgreSQL crashes and comes back under load: what clients are told meanwhile, how long it takes
 * until all is well again, and that the database holds exactly what was promised.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer, type TemporaryServer } from '@poplar/store/testing';
import { addBulk } from '../support/accidents.ts';
import { type Ledger, type Load, startLoad } from '../support/load.ts';
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
  process.env.POPLAR_TEST_DATABASE_URL = server.url;
  database = await openTestDatabase();
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

/** Every +OK is kept; whatever was answered -ERR or not at all is done whole or not at all. */
async function quitsAgree(ledger: Ledger): Promise<void> {
  for (const mailbox of readBoxes) {
    const visible = new Set(await database.visible(mailbox));
    let removed = 0;
    for (const { messageIds, reply } of ledger.quits.filter((quit) => quit.mailbox === mailbox)) {
      const left = messageIds.filter((id) => visible.has(id)).length;
      const told = reply === null ? 'nothing' : `${reply.ok} ${reply.code}`;
      if (reply?.ok === true) assert.equal(left, 0, 'an acknowledged QUIT removed all it marked');
      // A later session may have removed them instead; then all of them too.
      else assert.ok(left === 0 || left === messageIds.length, `half a QUIT, told ${told}`);
      removed += messageIds.length;
    }
    const distinct = new Set(
      ledger.quits.filter((quit) => quit.mailbox === mailbox).flatMap((quit) => quit.messageIds),
    );
    assert.ok(visible.size >= messagesEach - distinct.size, 'nothing but what was marked is gone');
    assert.ok(removed > 0);
  }
}

/** Every 250 is there once, and nothing is there twice. */
async function deliveriesAgree(ledger: Ledger): Promise<void> {
  const stored = new Map<string, number>();
  for (const mailbox of receiveBoxes) {
    const ids = await database.visible(mailbox);
    for (let at = 0; at < ids.length; at += 100) {
      const bodies = await database.store.readBodies(mailbox.mailboxId, ids.slice(at, at + 100));
      for (const body of bodies) {
        assert.ok(body !== null);
        const [name = 'none'] = /letter-\d+-/.exec(Buffer.from(body).toString('latin1')) ?? [];
        stored.set(name, (stored.get(name) ?? 0) + 1);
      }
    }
  }
  for (const name of ledger.acknowledged) assert.equal(stored.get(name), 1, `${name} was promised`);
  for (const [name, times] of stored) assert.equal(times, 1, `${name} is there more than once`);
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

  await quitsAgree(ledger);
  await deliveriesAgree(ledger);
  assert.equal(await metric(node, 'poplar_worker_restarts_total'), 0);
  await eventually(async () => {
    const answer = await fetch(`http://127.0.0.1:${node.ops}/readyz`);
    assert.equal(answer.status, 200, await answer.text());
  });
});
