/**
 * A node, or the whole of PostgreSQL, is killed without a word while deliveries and QUITs are under way,
 * again and again: five rounds, fifty with `npm run test:soak`. After each round every message that was
 * acknowledged is there once, or was removed by a QUIT that may have removed it; what a QUIT was told is
 * true; UIDLs are what they were; and nobody is kept from any maildrop.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer, superuserOf, type TemporaryServer } from '@poplar/store/testing';
import { heldLocks, maildropSums } from '../support/accidents.ts';
import { type KillLedger, type KillLoad, killLoad, messageIdOf } from '../support/kill-load.ts';
import { eventually } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { killTree } from '../support/process-tree.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

const rounds = process.env.POPLAR_TEST_SOAK === undefined ? 5 : 50;
const names = ['a', 'b'] as const;
const mailboxesEach = 4;
const leaseMs = 15_000;
/** With this much of its time left a QUIT learns what became of it (packages/store/src/limits.ts). */
const learntWithinMs = 15_000;
/** Beyond a lease: clients that wait, on a machine that is busy. */
const servedWithinMs = leaseMs + 25_000;

let server: TemporaryServer;
let database: TestDatabase;
let load: KillLoad;
/** Whether PostgreSQL was once away for so long that QUITs may have given up. */
let mayBeUnlearnt = false;
const nodes: RunningNode[] = [];
const mailboxes: TestMailbox[] = [];

before(async () => {
  // What is acknowledged must be on the disk, as it is with every site.
  const settings = ['fsync=on', 'full_page_writes=on', 'synchronous_commit=on'];
  server = await startServer({ settings });
  database = await openTestDatabase(server);
  for (let i = 0; i < mailboxesEach; i += 1) {
    mailboxes.push(await database.addMailbox(`user${i}@example.org`));
  }
  nodes.push(...(await Promise.all(names.map(startNamed))));
  load = killLoad(
    names.map((_, index) => () => nodeAt(index)),
    mailboxes,
  );
});
after(async () => {
  await load.pause();
  await Promise.all(nodes.map((node) => node.stop()));
  await database.drop();
  await server.stop();
});

function nodeAt(index: number): RunningNode {
  return nodes[index] ?? assert.fail('there is no such node');
}

function startNamed(name: string): Promise<RunningNode> {
  const environment = { POPLAR_NODE_NAME: name, POPLAR_LOCK_WAIT_MS: '200' };
  return startNode({ databaseUrl: database.url, workers: 1, environment });
}

/** Every client has done something since the last time. */
async function everybodyServed({ done }: KillLedger): Promise<void> {
  done.clear();
  await eventually(
    () => assert.equal(done.size, 3 * mailboxesEach, [...done.keys()].join()),
    servedWithinMs,
  );
}

/** At a moment when this node, or any, has both a delivery and a QUIT under way. */
async function caughtInTheAct({ inFlight }: KillLedger, victim: number | null): Promise<void> {
  const watched = victim === null ? inFlight : inFlight.slice(victim, victim + 1);
  await eventually(
    () => {
      const isAtIt = watched.some(({ deliveries, quits }) => deliveries > 0 && quits > 0);
      assert.ok(isAtIt, 'nothing is under way');
    },
    servedWithinMs,
    1,
  );
}

/** Its next life frees what it held; while that is not there, only the end of its lease does. */
async function killNode(index: number, isBackAtOnce: boolean): Promise<void> {
  await nodeAt(index).kill();
  if (!isBackAtOnce) await everybodyServed(load.ledger);
  nodes[index] = await startNamed(names[index] ?? '');
}

async function killPostgres(): Promise<void> {
  const killedAtMs = performance.now();
  killTree(server.pid());
  await server.kill();
  await eventually(() => server.start(), 20_000, 200);
  if (performance.now() - killedAtMs > learntWithinMs) mayBeUnlearnt = true;
}

/** What is there of each letter, by name. */
async function lettersOf(mailbox: TestMailbox): Promise<Map<string, bigint[]>> {
  const letters = new Map<string, bigint[]>();
  const ids = await eventually(() => database.visible(mailbox), 20_000);
  for (let at = 0; at < ids.length; at += 100) {
    const slice = ids.slice(at, at + 100);
    const bodies = await database.store.readBodies(mailbox.mailboxId, slice);
    for (const [index, body] of bodies.entries()) {
      assert.ok(body !== null, 'a message without a body');
      const [name = 'none'] = /letter-\d+-/.exec(Buffer.from(body).toString('latin1')) ?? [];
      letters.set(name, [...(letters.get(name) ?? []), slice[index] ?? 0n]);
    }
  }
  return letters;
}

/** What clients were told agrees with what is there. */
async function agree(ledger: KillLedger): Promise<number> {
  assert.deepEqual(ledger.wrong, []);
  const present = new Map<string, bigint[]>();
  for (const mailbox of mailboxes) {
    for (const [name, ids] of await lettersOf(mailbox)) {
      present.set(name, [...(present.get(name) ?? []), ...ids]);
    }
  }
  const visible = new Set([...present.values()].flat());
  for (const [name, ids] of present) {
    assert.equal(ids.length, 1, `${name} is there more than once`);
    const uidl = ledger.uidls.get(name);
    if (uidl !== undefined) assert.equal(ids[0], messageIdOf(uidl), `${name} is another message`);
  }
  const explained = new Set<bigint>();
  for (const { messageIds, told } of ledger.removals) {
    const left = messageIds.filter((id) => visible.has(id)).length;
    if (told === 'ok') assert.equal(left, 0, 'a QUIT that was told +OK is not durable');
    // One that is there proves that this QUIT did nothing at all, and so does a refusal.
    if (left > 0 || (told === 'err' && !mayBeUnlearnt)) continue;
    for (const id of messageIds) explained.add(id);
  }
  for (const name of ledger.acknowledged) {
    if (present.has(name)) continue;
    const uidl = ledger.uidls.get(name);
    assert.ok(uidl !== undefined, `${name} was promised, and no client ever saw it`);
    assert.ok(explained.has(messageIdOf(uidl)), `${name} is gone, and no QUIT removed it`);
  }
  return visible.size;
}

/** All is well for whoever comes: at either node, in every maildrop. */
async function nobodyIsStuck(): Promise<void> {
  const superuser = superuserOf(database.url);
  try {
    await eventually(
      async () => assert.deepEqual(await heldLocks(superuser), []),
      leaseMs + 5_000,
      100,
    );
    for (const { mailboxId, counted, stored } of await maildropSums(superuser)) {
      assert.deepEqual(counted, stored, `the sums of maildrop ${mailboxId}`);
    }
  } finally {
    await superuser.end();
  }
  for (const [index] of names.entries()) {
    for (const mailbox of mailboxes) {
      const listed = await eventually(() => list(nodeAt(index), mailbox), 20_000, 100);
      assert.deepEqual(listed, await database.visible(mailbox));
    }
  }
}

async function list(node: RunningNode, { address }: TestMailbox): Promise<bigint[]> {
  const client = await Pop3Client.connect({ port: node.pop3 });
  try {
    await client.login(address, testSecret);
    const uidls = await client.listing('UIDL');
    await client.quit();
    return uidls.map((line) => messageIdOf(line.split(' ')[1] ?? ''));
  } finally {
    client.destroy();
  }
}

const kinds = [
  { what: 'node a', victim: 0, isBackAtOnce: true },
  { what: 'PostgreSQL', victim: null, isBackAtOnce: true },
  { what: 'node b, which stays away,', victim: 1, isBackAtOnce: false },
  { what: 'PostgreSQL', victim: null, isBackAtOnce: true },
] as const;

for (let round = 1; round <= rounds; round += 1) {
  const { what, victim, isBackAtOnce } = kinds[(round - 1) % kinds.length] ?? kinds[0];
  test(`round ${round}: ${what} is killed, and nothing that was promised is lost`, async (t) => {
    const { ledger } = load;
    load.run();
    await everybodyServed(ledger);
    // Not always at the same place of the same things.
    await sleep((round * 37) % 150);
    await caughtInTheAct(ledger, victim);
    const killedAtMs = performance.now();
    await (victim === null ? killPostgres() : killNode(victim, isBackAtOnce));
    const backMs = Math.round(performance.now() - killedAtMs);
    await everybodyServed(ledger);
    const servedMs = Math.round(performance.now() - killedAtMs);
    await load.pause();
    const left = await agree(ledger);
    await nobodyIsStuck();
    const told = (answer: string): number =>
      ledger.removals.filter((removal) => removal.told === answer).length;
    t.diagnostic(
      `back after ${backMs} ms, all served after ${servedMs}; so far ${ledger.acknowledged.size} ` +
        `acknowledged, ${left} there, QUITs ${told('ok')} +OK, ${told('err')} -ERR, ` +
        `${told('unknown')} unanswered, ${ledger.refused} refused`,
    );
  });
}
