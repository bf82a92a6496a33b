/**
 * There is no connection left for those who need one: a worker's are all busy, or PostgreSQL lets nobody
 * in. Who can wait is served late, who cannot is told to come again, nothing is promised meanwhile that is
 * not kept, and clients that need none of these connections notice nothing.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Superuser, startServer, superuserOf } from '@poplar/store/testing';
import { blockMaildrops, isLocked, waitingBackends } from '../support/accidents.ts';
import { LmtpClient } from '../support/lmtp-client.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { eventually, metric } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

/** For QUITs of a POP3 worker, and for deliveries; and how long one waits for them (docs/limits.md). */
const quitConnections = 4;
const deliveryConnections = 8;
const poolWaitMs = 10_000;
const tooMany = 2;
const patienceMs = 60_000;

function mailboxesOf(database: TestDatabase, kind: string, length: number): Promise<TestMailbox[]> {
  return Promise.all(
    Array.from({ length }, (_, i) =>
      database.addMailbox(`${kind}${i}@example.org`, maildropNamed('three-messages')),
    ),
  );
}

async function markedSession(node: RunningNode, { address }: TestMailbox): Promise<Pop3Client> {
  const client = await Pop3Client.connect({ port: node.pop3, patienceMs });
  await client.login(address, testSecret);
  await client.ok('DELE 1');
  await client.ok('DELE 3');
  return client;
}

async function told(client: LmtpClient, { address }: TestMailbox): Promise<number | undefined> {
  const content = 'Subject: new\r\n\r\nin a queue\r\n';
  const [reply] = await client.deliver({ from: 'a@example.net', to: [address], content });
  return reply?.code;
}

/** Counts what is there against what was promised: two of three removed, or so many more. */
async function holds(database: TestDatabase, box: TestMailbox, messages: number): Promise<void> {
  assert.equal((await database.visible(box)).length, messages);
  await eventually(async () => assert.equal(await isLocked(database, box), false));
}

test('all connections of the workers wait for rows: QUITs wait, deliveries are put off', async () => {
  const database = await openTestDatabase();
  const node = await startNode({ databaseUrl: database.url, workers: 1 });
  const deleting = await mailboxesOf(database, 'deleting', quitConnections + tooMany);
  const receiving = await mailboxesOf(database, 'receiving', deliveryConnections + tooMany);
  const sessions = await Promise.all(deleting.map((box) => markedSession(node, box)));
  const senders = await Promise.all(
    receiving.map(() => LmtpClient.connect({ port: node.lmtp, patienceMs })),
  );
  const release = await blockMaildrops(database, [...deleting, ...receiving]);
  try {
    for (const client of sessions) client.wire.write('QUIT\r\n');
    const sinceMs = performance.now();
    const said = senders.map((sender, index) => told(sender, receiving[index] ?? assert.fail()));
    // One pool of the POP3 worker, one of the LMTP worker: the rest has no connection.
    await eventually(async () =>
      assert.equal(await waitingBackends(database), quitConnections + deliveryConnections),
    );
    const bystander = await database.addMailbox('by@example.org', maildropNamed('two-messages'));
    const client = await Pop3Client.connect({ port: node.pop3 });
    await client.login(bystander.address, testSecret);
    assert.equal((await client.listing('LIST')).length, 2);
    assert.equal((await client.content('RETR 1')).length, 120);
    await client.quit();
    // Who has no connection gives up before those who have one: they are told first.
    const putOff = await Promise.race(said);
    assert.equal(putOff, 451);
    assert.ok(performance.now() - sinceMs >= poolWaitMs - 100, 'it waited for its turn');
    await sleep(500);
    await release();
    const codes = await Promise.all(said);
    assert.equal(codes.filter((code) => code === 250).length, deliveryConnections);
    assert.equal(codes.filter((code) => code === 451).length, tooMany);
    for (const session of sessions) assert.equal((await session.reply()).ok, true);
    for (const box of deleting) await holds(database, box, 1);
    for (const [index, box] of receiving.entries()) {
      await holds(database, box, codes[index] === 250 ? 4 : 3);
      const sender = senders[index] ?? assert.fail();
      if (codes[index] !== 250) assert.equal(await told(sender, box), 250);
      await sender.quit();
      await holds(database, box, 4);
    }
    assert.equal(await metric(node, 'poplar_worker_restarts_total'), 0);
  } finally {
    await release();
    await node.stop();
    await database.drop();
  }
});

/** Takes every connection that is left, and those that come free: of sessions that just end. */
async function hoard(url: string): Promise<Superuser[]> {
  const hoarders: Superuser[] = [];
  for (let refusals = 0; refusals < 5; ) {
    const next = superuserOf(url);
    const isIn = await next.query('select').then(
      () => true,
      () => false,
    );
    if (isIn) hoarders.push(next);
    else await sleep(100);
    refusals = isIn ? 0 : refusals + 1;
  }
  return hoarders;
}

test('PostgreSQL lets nobody in: QUIT is done when it does, deliveries are put off', async () => {
  const server = await startServer({ settings: ['max_connections=24'] });
  const database = await openTestDatabase(server);
  const node = await startNode({ databaseUrl: database.url, workers: 1 });
  const [first, second, ...others] = await mailboxesOf(database, 'user', 6);
  assert.ok(first !== undefined && second !== undefined);
  let hoarders: Superuser[] = [];
  const held = await mailboxesOf(database, 'held', quitConnections);
  const before = await Promise.all(held.map((box) => markedSession(node, box)));
  const release = await blockMaildrops(database, [...others, ...held]);
  try {
    const session = await markedSession(node, first);
    const senders = await Promise.all(
      others.map(() => LmtpClient.connect({ port: node.lmtp, patienceMs })),
    );
    hoarders = await hoard(database.url);
    assert.ok(hoarders.length > 0);
    // These keep the connections busy that the worker has, so that the next one needs another.
    for (const client of before) client.wire.write('QUIT\r\n');
    await sleep(300);
    session.wire.write('QUIT\r\n');
    // A connection that the purge has left behind is used; the others find none.
    const said = senders.map((sender, index) => told(sender, others[index] ?? assert.fail()));
    assert.equal(await Promise.race(said), 451);
    // A login and a listing go over the connection that is there.
    const reader = await Pop3Client.connect({ port: node.pop3 });
    await reader.login(second.address, testSecret);
    assert.equal((await reader.listing('UIDL')).length, 3);
    const body = await reader.command('RETR 1');
    if (body.ok) await reader.wire.bodyUntilDot();
    else assert.equal(body.code, 'SYS/TEMP');
    await sleep(1_000);
    assert.equal((await database.visible(first)).length, 3, 'nothing is removed yet');
    await Promise.all(hoarders.map((hoarder) => hoarder.end()));
    await release();
    for (const client of [session, ...before]) assert.equal((await client.reply()).ok, true);
    for (const box of held) await holds(database, box, 1);
    for (const [index, code] of (await Promise.all(said)).entries()) {
      const [sender, box] = [senders[index] ?? assert.fail(), others[index] ?? assert.fail()];
      assert.ok(code === 250 || code === 451, `told ${code}`);
      await holds(database, box, code === 250 ? 4 : 3);
      if (code === 451) assert.equal(await told(sender, box), 250);
      await holds(database, box, 4);
      await sender.quit();
    }
    await eventually(() => reader.content('RETR 2'), 20_000, 200);
    await reader.quit();
    await holds(database, first, 1);
    await holds(database, second, 3);
  } finally {
    await release();
    await Promise.all(hoarders.map((hoarder) => hoarder.end()));
    await node.stop();
    await database.drop();
    await server.stop();
  }
});
