/**
 * A QUIT whose COMMIT is done and whose answer is lost, and one that never reached the server, while
 * PostgreSQL cannot be reached for longer than a lease, or than anybody waits. What each session is told
 * when it is there again agrees with what the database holds (docs/decisions/0009-flag-at-quit-with-a-receipt.md).
 *
 * A maildrop that the test has locked in the database keeps the statement from ending before the
 * connection is gone; then it is let go on.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { blockMaildrops, waitingBackends } from '../support/accidents.ts';
import { type FramedProxy, framedProxy } from '../support/framed-proxy.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { eventually } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

const leaseMs = 15_000;
/** How long a QUIT tries to learn what became of it (packages/store/src/limits.ts). */
const settleMs = 20_000;

let database: TestDatabase;
let other: RunningNode;

function start(databaseUrl: string, name: string): Promise<RunningNode> {
  return startNode({
    databaseUrl,
    workers: 1,
    environment: {
      POPLAR_NODE_NAME: name,
      POPLAR_ROLES: 'pop3',
      POPLAR_LISTEN_LMTP: '',
      POPLAR_LOCK_WAIT_MS: '0',
    },
  });
}

before(async () => {
  database = await openTestDatabase();
  other = await start(database.url, 'other');
});
after(async () => {
  await other.stop();
  await database.drop();
});

interface Session {
  readonly client: Pop3Client;
  readonly mailbox: TestMailbox;
  readonly messageIds: readonly bigint[];
}

let mailboxes = 0;

/** Two of three messages are marked. */
async function markedSession(node: RunningNode): Promise<Session> {
  mailboxes += 1;
  const address = `user${mailboxes}@example.org`;
  const mailbox = await database.addMailbox(address, maildropNamed('three-messages'));
  const client = await letIn(node.pop3, mailbox);
  await client.ok('DELE 1');
  await client.ok('DELE 3');
  return { client, mailbox, messageIds: await database.visible(mailbox) };
}

/** Their QUITs are at the server, and no answer will come: the line is broken, and stays so. */
async function commitUnheard(proxy: FramedProxy, sessions: readonly Session[]): Promise<void> {
  const release = await blockMaildrops(
    database,
    sessions.map(({ mailbox }) => mailbox),
  );
  try {
    for (const { client } of sessions) client.wire.write('QUIT\r\n');
    await eventually(async () => assert.equal(await waitingBackends(database), sessions.length));
    proxy.break('until-mended');
  } finally {
    await release();
  }
  for (const session of sessions) {
    await eventually(async () => assert.equal(await isRemoved(session), true), 10_000);
  }
}

/** Whether all that it marked is flagged; false when none of it is. */
async function isRemoved({ mailbox, messageIds }: Session): Promise<boolean> {
  const [first, middle, last] = messageIds;
  const visible = await database.visible(mailbox);
  if (visible.length === 3) return false;
  assert.deepEqual(visible, [middle], 'all of it or none');
  assert.deepEqual(await database.flagged(mailbox), [first, last], 'once');
  return true;
}

/** Within a lease: whoever had it may be gone. */
async function letIn(port: number, mailbox: TestMailbox): Promise<Pop3Client> {
  return eventually(
    async () => {
      const client = await Pop3Client.connect({ port, patienceMs: 60_000 });
      await client.ok(`USER ${mailbox.address}`);
      const reply = await client.command(`PASS ${testSecret}`);
      if (reply.ok) return client;
      client.destroy();
      return assert.fail(`still ${reply.code}`);
    },
    leaseMs + 3_000,
    100,
  );
}

/** With the node that is behind it. */
async function brokenLine(
  name: string,
  work: (proxy: FramedProxy, node: RunningNode) => Promise<void>,
): Promise<void> {
  const proxy = await framedProxy(database.url);
  const node = await start(proxy.url, name);
  try {
    await work(proxy, node);
    // It needs nobody's help to serve again.
    const after = await markedSession(node);
    await after.client.quit();
    assert.equal(await isRemoved(after), true);
  } finally {
    proxy.mend();
    await node.stop();
    await proxy.end();
  }
}

describe('PostgreSQL cannot be reached when a QUIT is under way', { concurrency: 2 }, () => {
  test('for longer than the lease: each is told what became of it', async () => {
    await brokenLine('lease', async (proxy, node) => {
      const heard = await markedSession(node);
      const robbed = await markedSession(node);
      const kept = await markedSession(node);
      await commitUnheard(proxy, [heard]);
      // While nothing gets through any more.
      for (const { client } of [robbed, kept]) client.wire.write('QUIT\r\n');
      const thief = await letIn(other.pop3, robbed.mailbox);
      proxy.mend();
      const told = await Promise.all([heard, robbed, kept].map(({ client }) => client.reply()));
      assert.deepEqual(
        told.map(({ ok, code }) => [ok, code]),
        [
          [true, null],
          [false, 'SYS/TEMP'],
          [true, null],
        ],
      );
      assert.equal(await isRemoved(heard), true);
      assert.equal(await isRemoved(robbed), false);
      assert.equal(await isRemoved(kept), true);
      assert.equal((await thief.listing('UIDL')).length, 3);
      await thief.quit();
      for (const { client } of [heard, robbed, kept]) client.destroy();
    });
  });

  test('for longer than anybody waits: -ERR, which does not say that nothing was done', async () => {
    await brokenLine('ever', async (proxy, node) => {
      const unheard = await markedSession(node);
      const unsent = await markedSession(node);
      await commitUnheard(proxy, [unheard]);
      unsent.client.wire.write('QUIT\r\n');
      const sinceMs = performance.now();
      for (const { client } of [unheard, unsent]) {
        const { ok, code } = await client.reply();
        assert.deepEqual([ok, code], [false, 'SYS/TEMP']);
        client.destroy();
      }
      assert.ok(performance.now() - sinceMs > settleMs - 5_000, 'it was looked for that long');
      assert.equal(await isRemoved(unsent), false);
      proxy.mend();
      await sleep(500);
      // Nothing of it comes late, and both maildrops are free.
      for (const [session, left] of [
        [unheard, 1],
        [unsent, 3],
      ] as const) {
        const next = await letIn(other.pop3, session.mailbox);
        assert.equal((await next.listing('UIDL')).length, left);
        await next.quit();
        assert.equal(await isRemoved(session), left === 1);
      }
    });
  });
});
