/**
 * The ways a session ends by what happens on our side, with the bound of each; those by the client, the
 * worker and the node are in session-ends.test.ts. Together:
 *
 *   how it ends                          its maildrop is free within          here
 *   QUIT                                 its +OK                              *
 *   reset, FIN, half a QUIT, bad TLS     a round trip
 *   silence                              the idle time-out
 *   a write that fails                   a round trip                         *
 *   a client that takes nothing          the write stall                      *
 *   a defect in its connection           a round trip                         *
 *   a worker that throws or is full      a second
 *   a node that is killed                the lease
 *   SIGTERM, `poplar node drain`         the notice, its command, a round trip  *
 *   `poplar session kick`                its command, five seconds at most      *
 *   PostgreSQL is away                   it comes back; the node ends it after
 *                                        twice the lease                        *
 *
 * After each of them the database is looked at: nothing but a QUIT removes anything.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type DatabaseProxy, databaseProxy } from '@poplar/store/testing';
import { addNumbered, isLocked, lockRow } from '../support/accidents.ts';
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

const writeStallMs = 1_500;
/** Deadlines are looked at once a second. */
const sweepMs = 1_000;
/** A round trip or two on two busy cores. */
const atOnceMs = 1_500;
/** A renewal and what it sets off. */
const orderedMs = 5_000 + 3 * atOnceMs;
const leaseMs = 15_000;

let database: TestDatabase;
let proxy: DatabaseProxy;
let node: RunningNode;
/** Its database is behind the proxy. */
let cutOff: RunningNode;
let mailboxes = 0;

before(async () => {
  database = await openTestDatabase();
  proxy = await databaseProxy(database.url);
  const start = (name: string, databaseUrl: string): Promise<RunningNode> =>
    startNode({
      databaseUrl,
      workers: 1,
      environment: {
        ...inspectable,
        POPLAR_NODE_NAME: name,
        POPLAR_ROLES: 'pop3',
        POPLAR_LISTEN_LMTP: '',
        POPLAR_LOCK_WAIT_MS: '0',
        POPLAR_WRITE_STALL_MS: String(writeStallMs),
      },
    });
  await newMailbox();
  [node, cutOff] = await Promise.all([start('here', database.url), start('cut', proxy.url)]);
});
after(async () => {
  await Promise.all([node.stop(), cutOff.stop()]);
  await proxy.end();
  await database.drop();
});

function newMailbox(): Promise<TestMailbox> {
  mailboxes += 1;
  return database.addMailbox(`user${mailboxes}@example.org`, maildropNamed('three-messages'));
}

interface Marked {
  readonly client: Pop3Client;
  readonly mailbox: TestMailbox;
}

async function markedSession(at: RunningNode): Promise<Marked> {
  const mailbox = await newMailbox();
  const client = await Pop3Client.connect({ port: at.pop3, patienceMs: 60_000 });
  await client.login(mailbox.address, testSecret);
  await client.ok('DELE 1');
  await client.ok('DELE 3');
  assert.equal(await isLocked(database, mailbox), true);
  return { client, mailbox };
}

/** One that has marked two of its messages and is in the middle of a large one that it does not take. */
async function stuckSession(): Promise<{ client: RawClient; mailbox: TestMailbox }> {
  const mailbox = await newMailbox();
  await addNumbered(database, [mailbox], 30_000_000);
  const client = await RawClient.connect({ port: node.pop3 });
  client.write(`USER ${mailbox.address}\r\nPASS ${testSecret}\r\nDELE 1\r\nDELE 3\r\n`);
  await client.until(() => client.text.split('\r\n').length > 5);
  client.write('RETR 4\r\nQUIT\r\n');
  await client.until(() => client.octets > 100_000);
  client.stopReading();
  return { client, mailbox };
}

/** The row of the lock, and every message, are as if the session had never been. */
async function leftAsItWas(mailbox: TestMailbox, withinMs: number, messages = 3): Promise<void> {
  await eventually(async () => assert.equal(await isLocked(database, mailbox), false), withinMs);
  assert.deepEqual(await lockRow(database, mailbox), { token: null, client: null });
  assert.equal((await database.visible(mailbox)).length, messages);
  assert.deepEqual(await database.flagged(mailbox), []);
}

async function toldToGo(client: Pop3Client): Promise<void> {
  const word = await client.reply();
  assert.deepEqual([word.ok, word.code], [false, 'SYS/TEMP']);
  await client.wire.closed();
  client.destroy();
}

async function endedBy(reason: string, at = node): Promise<number> {
  return metric(at, 'poplar_connections_closed_total', { reason });
}

describe('a session ends', () => {
  test('by QUIT: when that is answered its maildrop is free and what it marked is gone', async () => {
    const { client, mailbox } = await markedSession(node);
    await client.ok('QUIT');
    assert.equal(await isLocked(database, mailbox), false);
    assert.equal((await database.visible(mailbox)).length, 1);
    assert.equal((await database.flagged(mailbox)).length, 2);
    await client.wire.closed();
    client.destroy();
  });

  test('by a write that fails', async () => {
    const { client, mailbox } = await stuckSession();
    client.reset();
    await leftAsItWas(mailbox, atOnceMs, 4);
  });

  test('by a client that takes nothing, at the write stall', async () => {
    const before = await endedBy('write-stall');
    const sinceMs = performance.now();
    const { client, mailbox } = await stuckSession();
    await leftAsItWas(mailbox, writeStallMs + 2 * sweepMs + atOnceMs, 4);
    assert.ok(performance.now() - sinceMs > writeStallMs);
    assert.equal(await endedBy('write-stall'), before + 1);
    client.reset();
  });

  test('by a defect in its connection, which no other one feels', async () => {
    const before = await endedBy('error');
    const { client, mailbox } = await markedSession(node);
    const other = await markedSession(node);
    const port = client.wire.localPort;
    await evaluateInWorker(
      node,
      'pop3 0',
      `{ const { Socket } = process.getBuiltinModule('node:net'); const { write } = Socket.prototype;
         Socket.prototype.write = function (...all) {
           if (this.remotePort !== ${port}) return write.apply(this, all);
           Socket.prototype.write = write;
           throw new Error('a defect');
         }; }`,
    );
    client.wire.write('STAT\r\nQUIT\r\n');
    await client.wire.closed();
    client.destroy();
    await leftAsItWas(mailbox, atOnceMs);
    assert.equal(await endedBy('error'), before + 1);
    await other.client.quit();
    assert.equal((await database.visible(other.mailbox)).length, 1);
  });

  test('by an administrator', async () => {
    const { client, mailbox } = await markedSession(node);
    const { address } = mailbox;
    const told = await database.store.cluster.endSession({ address, isBroken: false });
    assert.ok(told);
    await toldToGo(client);
    await leftAsItWas(mailbox, atOnceMs);
    // Counted when the socket is closed on both sides, a moment behind the lock.
    await eventually(async () => assert.equal(await endedBy('kicked'), 1));
  });

  test('by an administrator, in the middle of a message', async () => {
    const { client, mailbox } = await stuckSession();
    const { address } = mailbox;
    await database.store.cluster.endSession({ address, isBroken: false });
    await leftAsItWas(mailbox, 5_000 + sweepMs + atOnceMs, 4);
    client.reset();
  });

  test('by the drain of its node', async () => {
    const { client, mailbox } = await markedSession(node);
    await database.store.cluster.drainNode({ nodeName: 'here' });
    const sinceMs = performance.now();
    await toldToGo(client);
    await leftAsItWas(mailbox, atOnceMs);
    assert.ok(performance.now() - sinceMs < orderedMs);
    await database.store.cluster.undrainNode({ nodeName: 'here' });
    await eventually(async () => {
      const answer = await fetch(`http://127.0.0.1:${node.ops}/readyz`);
      assert.equal(answer.status, 200);
    }, orderedMs);
  });

  test('when its node is cut off from PostgreSQL: not at once, but in bounded time', async () => {
    const { client, mailbox } = await markedSession(cutOff);
    const other = await markedSession(node);
    const ready = async (): Promise<string> =>
      (await (await fetch(`http://127.0.0.1:${cutOff.ops}/readyz`)).text()).trim();
    proxy.break();
    const sinceMs = performance.now();
    await eventually(async () => assert.equal(await ready(), 'database unreachable'), 10_000);
    // A restart of PostgreSQL takes no session, and one whose lease is over may still go on.
    await client.ok('NOOP');
    const waiting = client.reply();
    // It is another's to take when the lease is over, while the node still holds its session.
    await eventually(
      async () => assert.equal(await isLocked(database, mailbox), false),
      leaseMs + 2_000,
      200,
    );
    const taken = await Pop3Client.connect({ port: node.pop3 });
    await taken.login(mailbox.address, testSecret);
    await taken.quit();
    const word = await waiting;
    assert.deepEqual([word.ok, word.code], [false, 'SYS/TEMP']);
    const tookMs = performance.now() - sinceMs;
    assert.ok(tookMs > leaseMs && tookMs < 2 * leaseMs + 7_000, `${tookMs} ms`);
    await client.wire.closed();
    client.destroy();
    // Who comes now is told that it is not his fault.
    const stranger = await Pop3Client.connect({ port: cutOff.pop3 });
    await stranger.ok(`USER ${mailbox.address}`);
    assert.equal((await stranger.command(`PASS ${testSecret}`)).code, 'SYS/TEMP');
    stranger.destroy();
    proxy.mend();
    await eventually(async () => assert.equal(await ready(), 'ok'), 10_000);
    await leftAsItWas(mailbox, atOnceMs);
    assert.equal(await endedBy('cut-off', cutOff), 1);
    // The other node has felt nothing.
    await other.client.quit();
    assert.equal((await database.visible(other.mailbox)).length, 1);
  });
});
