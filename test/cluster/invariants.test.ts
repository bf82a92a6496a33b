/**
 * Two real nodes on a real PostgreSQL keep the promises that the simulation checks: readers and senders come
 * and go on both at once, connections to the database are cut, before a request, while it is done or behind its
 * commit, and in a soak nodes are stopped and killed.
 * Afterwards the log of changes and the words of all clients are judged in one order, and the tables are
 * what the judge expects.
 *
 * The seed decides what everybody wants; when it happens is the machine's business. Again with the same
 * seed: POPLAR_TEST_SEED=... node_modules/.bin/node --test test/cluster/invariants.test.ts
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DatabaseProxy, databaseProxy, logChanges, readChanges } from '@poplar/store/testing';
import { Chance } from '../simulation/chance.ts';
import { terminateOneBackend } from '../support/accidents.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, type TestMailbox } from '../support/test-database.ts';
import { type Life, read, session } from './invariants/reader.ts';
import { send } from './invariants/sender.ts';
import { Verdict } from './invariants/verdict.ts';
import { Witness } from './invariants/witness.ts';

const isSoak = process.env.POPLAR_TEST_SOAK !== undefined;
const seed = Number(process.env.POPLAR_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const lastsMs = isSoak ? 240_000 : 10_000;
const readers = 8;
const senders = 2;
/** What is worth to be cut off from its answer. */
const statements = [
  'flag_messages',
  'flag_messages',
  'deliver_message',
  'take_locks',
  'release_locks',
];
/** Longer than a lease: others take the locks of a node that is stopped. */
const stoppedMs = 20_000;
/** A lease, the way back to the database, and a bit. */
const calmWithinMs = 45_000;

let database: TestDatabase;
let proxy: DatabaseProxy;
const nodes: RunningNode[] = [];
const mailboxes: TestMailbox[] = [];

function start(name: string): Promise<RunningNode> {
  const environment = { POPLAR_NODE_NAME: name, POPLAR_LOCK_WAIT_MS: '100' };
  return startNode({ databaseUrl: proxy.url, environment });
}

before(async () => {
  database = await openTestDatabase();
  for (const name of ['a', 'b', 'c']) {
    mailboxes.push(await database.addMailbox(`${name}@example.org`));
  }
  await logChanges(database);
  proxy = await databaseProxy(database.url);
  nodes.push(...(await Promise.all([start('first'), start('second')])));
});
after(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await proxy.end();
  await database.drop();
});

/** One of the nodes is stopped and goes on, or is killed and starts again. */
async function strikeNode(chance: Chance): Promise<void> {
  const nth = chance.below(nodes.length);
  const node = nodes[nth];
  if (node === undefined) return;
  if (chance.hit(0.5)) {
    node.signal('SIGSTOP');
    await sleep(stoppedMs);
    node.signal('SIGCONT');
    await sleep(5_000);
  } else {
    await node.kill();
    nodes[nth] = await start(nth === 0 ? 'first' : 'second');
  }
}

/** A kick, or a lock that is broken. */
async function endSession(chance: Chance): Promise<void> {
  const { address } = chance.pick(mailboxes);
  await database.store.cluster.endSession({ address, isBroken: chance.hit(0.7) });
}

async function strike(chance: Chance, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await sleep(chance.between(50, 500));
    if (isSoak && chance.hit(0.02)) await strikeNode(chance);
    else if (chance.hit(0.3)) await terminateOneBackend(database, chance.fraction());
    else if (chance.hit(0.2)) await endSession(chance);
    else proxy.lose(chance.pick(statements), chance.hit(0.5) ? 'answer' : 'request');
  }
}

/** Everybody can read their mail again, and it is what the database has. */
async function visitAll(life: Life): Promise<void> {
  const untilMs = performance.now() + calmWithinMs;
  for (const mailbox of mailboxes) {
    while (!(await session(life, { node: life.anyNode(), mailbox, end: 'quit' }))) {
      if (performance.now() > untilMs) {
        life.witness.complaints.push(`${mailbox.address} cannot be opened`);
        break;
      }
      await sleep(100);
    }
  }
}

function lifeOf(nth: number, witness: Witness, isOver: () => boolean): Life {
  const chance = new Chance(seed + nth * 2 ** 32);
  const anyNode = () => chance.pick(nodes);
  return { chance, witness, mailboxes, anyNode, isOver, pauseFor: (ms) => sleep(ms) };
}

test('two nodes keep every promise', { timeout: lastsMs + 100_000 }, async (t) => {
  t.diagnostic(`POPLAR_TEST_SEED=${seed}`);
  const witness = new Witness(database);
  const endsAtMs = performance.now() + lastsMs;
  const isOver = () => performance.now() > endsAtMs;
  const lives = Array.from({ length: readers + senders }, (_, nth) => lifeOf(nth, witness, isOver));
  await Promise.all([
    ...lives.map((life, nth) => (nth < readers ? read(life) : send(life))),
    strike(new Chance(seed - 1), isOver),
  ]);
  await visitAll(lifeOf(readers + senders, witness, isOver));

  const changes = await readChanges(database);
  const { broken, ledger } = new Verdict(changes, witness.events);
  t.diagnostic(`${changes.length} changes, ${JSON.stringify(witness.counts)}`);
  assert.deepEqual([...witness.complaints, ...broken].slice(0, 20), [], 'what was seen or done');
  for (const mailbox of mailboxes) {
    const expected = ledger.visibleOf(mailbox.mailboxId).map(({ messageId }) => messageId);
    expected.sort((a, b) => Number(a - b));
    assert.deepEqual(await database.visible(mailbox), expected, `what ${mailbox.address} has`);
  }
  for (const [what, times] of Object.entries(witness.counts)) {
    assert.ok(times > 0, `nothing was ${what}`);
  }
});
