/**
 * Every way a session can end but QUIT: nothing it marked is removed, and its maildrop is free within
 * the bound that is promised for that end (RFC 1939 §6: no UPDATE without QUIT).
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { isLocked } from '../support/accidents.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { eventually, metric } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';
import { evaluateInWorker, inspectable } from '../support/worker-inspector.ts';

const idleTimeoutMs = 1_500;
const leaseMs = 15_000;
/** A worker that hangs is found out after ten seconds (packages/runtime/src/limits.ts). */
const deadWithinMs = 20_000;
/** A round trip or two on two busy cores. */
const atOnceMs = 1_500;

let database: TestDatabase;
/** The other node: whether a maildrop is free is asked there. */
let other: RunningNode;
/** Dies without a word. */
let killed: RunningNode;
let frozen: RunningNode;
let crashing: RunningNode;
let idling: RunningNode;

before(async () => {
  database = await openTestDatabase();
  const start = (environment: Record<string, string>, workers = 1): Promise<RunningNode> =>
    startNode({
      databaseUrl: database.url,
      workers,
      environment: {
        POPLAR_ROLES: 'pop3',
        POPLAR_LISTEN_LMTP: '',
        POPLAR_LOCK_WAIT_MS: '0',
        ...environment,
      },
    });
  other = await start({ POPLAR_DRAIN_TIMEOUT_MS: '5000' });
  [killed, frozen, crashing, idling] = await Promise.all([
    start({}),
    start({}),
    start({ ...inspectable, POPLAR_WORKER_HEAP_MIB: '96' }, 2),
    start({ POPLAR_IDLE_TIMEOUT_MS: String(idleTimeoutMs) }),
  ]);
});
after(async () => {
  await Promise.all([other.stop(), frozen.stop(), crashing.stop(), idling.stop(), killed.kill()]);
  await database.drop();
});

/** A port that leads to another one, and says something of its own to it when asked. */
async function meddler(port: number): Promise<{ port: number; meddle(): void; end(): void }> {
  const sockets: Socket[] = [];
  const listener = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    for (const socket of [client, server]) socket.on('error', () => {});
    client.pipe(server).pipe(client);
    sockets.push(server, client);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    port: address.port,
    meddle: () => void sockets[0]?.write(Buffer.alloc(64, 0x17)),
    end: () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
    },
  };
}

let mailboxes = 0;

interface Marked {
  readonly client: Pop3Client;
  readonly mailbox: TestMailbox;
}

function threeMessages(): Promise<TestMailbox> {
  mailboxes += 1;
  return database.addMailbox(`user${mailboxes}@example.org`, maildropNamed('three-messages'));
}

/** A session on that node that has marked two of its three messages. */
async function markedSession(node: RunningNode, isSecure = false): Promise<Marked> {
  const mailbox = await threeMessages();
  const client = await Pop3Client.connect(
    isSecure ? { port: node.pop3s, ca: node.ca } : { port: node.pop3 },
  );
  await client.login(mailbox.address, testSecret);
  await client.ok('DELE 1');
  await client.ok('DELE 3');
  assert.equal(await isLocked(database, mailbox), true);
  return { client, mailbox };
}

/** Logs in at the other node until it may; answers how long that took. */
async function freeAfterMs(mailbox: TestMailbox, withinMs: number): Promise<number> {
  const since = performance.now();
  await eventually(
    async () => {
      const client = await Pop3Client.connect({ port: other.pop3 });
      try {
        await client.ok(`USER ${mailbox.address}`);
        const reply = await client.command(`PASS ${testSecret}`);
        if (!reply.ok)
          assert.equal(reply.code, 'IN-USE', 'a locked maildrop is not a wrong password');
        assert.equal(reply.ok, true, 'still in use');
        assert.match((await client.ok('STAT')).text, /^3 620\b/);
        await client.quit();
      } finally {
        client.destroy();
      }
    },
    withinMs,
    50,
  );
  return performance.now() - since;
}

async function nothingIsGone(mailbox: TestMailbox, withinMs = atOnceMs): Promise<void> {
  await freeAfterMs(mailbox, withinMs);
  assert.equal((await database.visible(mailbox)).length, 3);
}

describe('the client goes', () => {
  test('with a reset', async () => {
    const mailbox = await threeMessages();
    const client = await RawClient.connect({ port: other.pop3 });
    client.write(`USER ${mailbox.address}\r\nPASS ${testSecret}\r\nDELE 1\r\nDELE 3\r\n`);
    await client.until(() => client.text.split('\r\n').length === 6);
    client.reset();
    await nothingIsGone(mailbox);
  });

  test('with a FIN and without QUIT', async () => {
    const { client, mailbox } = await markedSession(other);
    client.wire.half();
    await client.wire.closed();
    await nothingIsGone(mailbox);
  });

  test('with half a QUIT', async () => {
    const { client, mailbox } = await markedSession(other);
    client.wire.write('QUIT');
    client.wire.half();
    await client.wire.closed();
    await nothingIsGone(mailbox);
  });

  test('with a broken TLS record', async () => {
    // Between the two TLS layers: what the server gets cannot be decrypted.
    const between = await meddler(other.pop3s);
    try {
      const { client, mailbox } = await markedSession({ ...other, pop3s: between.port }, true);
      between.meddle();
      await client.wire.closed().catch(() => {});
      client.destroy();
      await nothingIsGone(mailbox);
    } finally {
      between.end();
    }
  });

  test('by silence, at the idle deadline', async () => {
    const { client, mailbox } = await markedSession(idling);
    const since = performance.now();
    // RFC 1939 §3: closed without a word.
    await client.wire.closed();
    assert.ok(performance.now() - since >= idleTimeoutMs - 100);
    await nothingIsGone(mailbox);
    const idle = { reason: 'idle-timeout' };
    assert.equal(await metric(idling, 'poplar_connections_closed_total', idle), 1);
  });
});

describe('a worker thread dies', () => {
  for (const [how, expression] of [
    ['by an exception', 'setImmediate(() => { throw new Error("a defect") })'],
    ['by its memory', 'setImmediate(() => { const all = []; for (;;) all.push([...all, {}]); })'],
    ['by hanging', 'setImmediate(() => { for (;;) {} })'],
  ] as const) {
    test(`${how}: its sessions end, the others live, and it is replaced`, async () => {
      const sessions = await Promise.all(Array.from({ length: 12 }, () => markedSession(crashing)));
      const restarts = await metric(crashing, 'poplar_worker_restarts_total', { role: 'pop3' });
      await evaluateInWorker(crashing, 'pop3 1', expression);
      await eventually(async () => {
        const name = 'poplar_worker_restarts_total';
        assert.equal(await metric(crashing, name, { role: 'pop3' }), restarts + 1);
      }, deadWithinMs);
      const living: Marked[] = [];
      const dead: Marked[] = [];
      for (const session of sessions) {
        const isAlive = await session.client.command('NOOP').then(
          () => true,
          () => false,
        );
        (isAlive ? living : dead).push(session);
      }
      assert.ok(dead.length > 0 && living.length > 0, `${dead.length} died of ${sessions.length}`);
      for (const { mailbox } of dead) await nothingIsGone(mailbox);
      for (const { client, mailbox } of living) {
        await client.quit();
        assert.equal((await database.visible(mailbox)).length, 1, 'who lives deletes by QUIT');
      }
      // The one in its place serves.
      await eventually(async () => {
        assert.equal(await metric(crashing, 'poplar_worker_up', { role: 'pop3' }), 2);
      }, 10_000);
      for (let i = 0; i < 8; i += 1) {
        const { client } = await markedSession(crashing);
        await client.ok('RSET');
        await client.quit();
      }
    });
  }
});

describe('a node dies', { concurrency: true }, () => {
  test('by kill -9: its maildrops are free when the lease is over', async () => {
    const { client, mailbox } = await markedSession(killed);
    await killed.kill();
    await client.wire.closed();
    // Whoever asks in the meantime does not make it take longer.
    const tookMs = await freeAfterMs(mailbox, leaseMs + 2_000);
    assert.ok(tookMs < leaseMs + 2_000);
    assert.equal((await database.visible(mailbox)).length, 3);
  });

  test('or is only asleep: when it wakes up its QUIT removes nothing', async () => {
    const { client, mailbox } = await markedSession(frozen);
    frozen.signal('SIGSTOP');
    try {
      await freeAfterMs(mailbox, leaseMs + 2_000);
    } finally {
      frozen.signal('SIGCONT');
    }
    // The maildrop was another's in the meantime, whoever has it now.
    const told = await client.command('QUIT').catch(() => null);
    if (told !== null) assert.deepEqual([told.ok, told.code], [false, 'SYS/TEMP']);
    assert.equal((await database.visible(mailbox)).length, 3);
    await nothingIsGone(mailbox);
  });
});

describe('the node is told to end', () => {
  test('by SIGTERM: idle sessions hear [SYS/TEMP], nothing is removed, locks are free', async () => {
    const draining = await startNode({
      databaseUrl: database.url,
      environment: { POPLAR_DRAIN_TIMEOUT_MS: '5000' },
    });
    const sessions = await Promise.all([
      markedSession(draining),
      markedSession(draining, true),
      markedSession(draining),
    ]);
    const stranger = await Pop3Client.connect({ port: draining.pop3 });
    const stopped = draining.stop();
    for (const { client } of sessions) {
      const word = await client.reply();
      assert.deepEqual([word.ok, word.code], [false, 'SYS/TEMP']);
      await client.wire.closed();
      client.destroy();
    }
    const word = await stranger.reply();
    assert.deepEqual([word.ok, word.code], [false, 'SYS/TEMP']);
    stranger.destroy();
    await stopped;
    for (const { mailbox } of sessions) await nothingIsGone(mailbox);
  });
});
