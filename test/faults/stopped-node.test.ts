/**
 * A node is stopped for longer than its lease, as a paused machine is, and goes on. What it was asked
 * meanwhile is already in its sockets then, so it is the very first thing it does: nothing tells it
 * beforehand that its locks may be another's. (A node that is killed: session-ends.test.ts.)
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLocked } from '../support/accidents.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { eventually } from '../support/node-inspection.ts';
import { Pop3Client, type Pop3Reply } from '../support/pop3-client.ts';
import { standsStill } from '../support/process-tree.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

const leaseMs = 15_000;
/** Beyond the lease: a login that waits for a busy machine. */
const takenWithinMs = leaseMs + 15_000;

let database: TestDatabase;
let awake: RunningNode;
let stopped: RunningNode;

before(async () => {
  database = await openTestDatabase();
  const start = (name: string): Promise<RunningNode> =>
    startNode({
      databaseUrl: database.url,
      environment: {
        POPLAR_NODE_NAME: name,
        POPLAR_ROLES: 'pop3',
        POPLAR_LISTEN_LMTP: '',
        POPLAR_LOCK_WAIT_MS: '0',
      },
    });
  [awake, stopped] = await Promise.all([start('awake'), start('stopped')]);
});
after(async () => {
  await Promise.all([awake.stop(), stopped.stop()]);
  await database.drop();
});

interface Session {
  readonly client: Pop3Client;
  readonly mailbox: TestMailbox;
  /** Before anything happened. */
  readonly messageIds: readonly bigint[];
}

/** On the node that will be stopped; two of three messages are marked. */
async function markedSession(name: string): Promise<Session> {
  const mailbox = await database.addMailbox(`${name}@example.org`, maildropNamed('three-messages'));
  const client = await Pop3Client.connect({ port: stopped.pop3, patienceMs: 40_000 });
  await client.login(mailbox.address, testSecret);
  await client.ok('DELE 1');
  await client.ok('DELE 3');
  return { client, mailbox, messageIds: await database.visible(mailbox) };
}

/** Logs in on the node that is awake, until it may. */
async function take({ mailbox }: Session): Promise<Pop3Client> {
  return eventually(
    async () => {
      const client = await Pop3Client.connect({ port: awake.pop3 });
      await client.ok(`USER ${mailbox.address}`);
      const reply = await client.command(`PASS ${testSecret}`);
      if (reply.ok) return client;
      client.destroy();
      assert.equal(reply.code, 'IN-USE', 'a locked maildrop is nothing else');
      return assert.fail('still in use');
    },
    takenWithinMs,
    200,
  );
}

const refused = ({ ok, code }: Pop3Reply): void =>
  assert.deepEqual([ok, code], [false, 'SYS/TEMP'], 'who lost the lock is told so');

test('a QUIT that waited in a stopped node removes nothing once another had the lock', async () => {
  const [robbed, emptied, left, reading] = await Promise.all([
    markedSession('robbed'),
    markedSession('emptied'),
    markedSession('left'),
    markedSession('reading'),
  ]);
  stopped.signal('SIGSTOP');
  let thief: Pop3Client;
  try {
    // A thread that still ran could take a QUIT, and PostgreSQL would do it although nobody hears of it.
    await eventually(() => assert.ok(standsStill(stopped.pid)));
    // In its sockets before it sleeps on, and read by nobody.
    for (const { client } of [robbed, emptied, left]) client.wire.write('QUIT\r\n');
    reading.client.wire.write('NOOP\r\nRETR 2\r\nQUIT\r\n');
    for (const session of [robbed, emptied, left, reading]) {
      assert.equal(await isLocked(database, session.mailbox), true, 'the lease runs on');
    }
    thief = await take(robbed);
    await thief.ok('DELE 2');
    const second = await take(emptied);
    await second.ok('DELE 2');
    await second.quit();
    await (await take(reading)).quit();
    // Also behind the last renewal that could have been on its way.
    await sleep(500);
  } finally {
    stopped.signal('SIGCONT');
  }

  refused(await robbed.client.reply());
  refused(await emptied.client.reply());
  // Nobody took this one: it is still ours, however late (docs/decisions/0006-lease-lock.md).
  assert.equal((await left.client.reply()).ok, true);
  // What came before QUIT may have been answered: reading needs no lock. QUIT may not.
  for (let nth = 0; ; nth += 1) {
    const reply = await reading.client.reply();
    if (!reply.ok) {
      refused(reply);
      break;
    }
    assert.ok(nth < 2, 'QUIT was answered +OK');
    if (nth === 1) await reading.client.wire.bodyUntilDot();
  }
  for (const { client } of [robbed, emptied, left, reading]) {
    await client.wire.closed();
    client.destroy();
  }

  assert.deepEqual(await database.visible(robbed.mailbox), robbed.messageIds);
  assert.deepEqual(await database.visible(reading.mailbox), reading.messageIds);
  const [first, middle, last] = emptied.messageIds;
  assert.deepEqual(await database.visible(emptied.mailbox), [first, last]);
  assert.deepEqual(await database.flagged(emptied.mailbox), [middle]);
  assert.deepEqual(await database.visible(left.mailbox), [left.messageIds[1]]);

  // The thief noticed nothing, and its own QUIT holds.
  assert.equal(await isLocked(database, robbed.mailbox), true);
  assert.match((await thief.ok('STAT')).text, /^2 420\b/);
  await thief.quit();
  assert.deepEqual(await database.flagged(robbed.mailbox), [robbed.messageIds[1]]);
  for (const { mailbox } of [robbed, emptied, left, reading]) {
    await eventually(async () => assert.equal(await isLocked(database, mailbox), false));
  }
});

test('the node serves again when it goes on, under the locks that it takes then', async () => {
  const session = await markedSession('again');
  await session.client.quit();
  assert.deepEqual(await database.visible(session.mailbox), [session.messageIds[1]]);
});
