/**
 * A body that breaks off while it is sent: the client must not be able to take it for whole, because
 * it would delete the original. The connection is destroyed without the final dot, and nothing that
 * was marked is removed.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  addNumbered,
  busyBackends,
  isLocked,
  numberedLines,
  numberedOctets,
  terminateBackends,
} from '../support/accidents.ts';
import { type CuttingProxy, cuttingProxy } from '../support/cutting-proxy.ts';
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

const largeOctets = 30 * 1024 * 1024;
const cutAt = 12 * 1024 * 1024;

let database: TestDatabase;
let proxy: CuttingProxy;
let node: RunningNode;
let box: TestMailbox;

before(async () => {
  database = await openTestDatabase();
  box = await database.addMailbox('alice@example.org', maildropNamed('two-messages'));
  await addNumbered(database, [box], largeOctets);
  proxy = await cuttingProxy(database.url);
  node = await startNode({ databaseUrl: proxy.url, workers: 1 });
});
after(async () => {
  proxy.mend();
  await node.stop();
  await proxy.end();
  await database.drop();
});

const login = `USER alice@example.org\r\nPASS ${testSecret}\r\n`;

async function loggedIn(): Promise<RawClient> {
  const client = await RawClient.connect({ port: node.pop3 });
  client.write(login);
  await client.until(() => client.text.split('\r\n').length === 4);
  return client;
}

/** It has some of the message and the end of it does not look like one. */
async function brokenOff(client: RawClient): Promise<void> {
  await client.closed();
  assert.ok(client.octets > 1_000_000, `only ${client.octets} octets came`);
  assert.ok(client.octets < numberedOctets(largeOctets));
  assert.doesNotMatch(client.tail, /\.\r\n$/, 'no final dot');
  assert.doesNotMatch(client.text, /\r\n\.\r\n/);
}

/** All three are there, nobody holds them, and the large one is whole for whoever asks again. */
async function allIsThere(): Promise<void> {
  proxy.mend();
  await eventually(async () => assert.equal(await isLocked(database, box), false), 10_000);
  assert.equal((await database.visible(box)).length, 3);
  await eventually(async () => {
    const client = await Pop3Client.connect({ port: node.pop3 });
    try {
      await client.login(box.address, testSecret);
      assert.match((await client.ok('STAT')).text, /^3 /);
      await client.quit();
    } finally {
      client.destroy();
    }
  }, 10_000);
  const client = await loggedIn();
  client.write('RETR 3\r\n');
  await client.until(() => client.tail === '\r\n.\r\n', 20_000);
  const opening = client.text.slice(0, client.text.indexOf('Subject: numbered'));
  const wanted = createHash('sha256').update(opening, 'latin1');
  for (const line of numberedLines(largeOctets)) wanted.update(line);
  assert.equal(client.hash.copy().digest('hex'), wanted.update('.\r\n').digest('hex'));
  client.write('QUIT\r\n');
  await client.closed();
  assert.equal(await metric(node, 'poplar_worker_restarts_total'), 0);
}

test('PostgreSQL is lost in the middle of a stream', async () => {
  const client = await loggedIn();
  client.write('DELE 1\r\n');
  proxy.cutAfter(cutAt);
  client.write('RETR 3\r\nQUIT\r\n');
  await brokenOff(client);
  assert.ok(proxy.cuts > 0);
  await allIsThere();
});

test('PostgreSQL is lost, all connections of it, while a slow client gets slices', async () => {
  const client = await loggedIn();
  client.write('DELE 1\r\nDELE 2\r\nRETR 3\r\nQUIT\r\n');
  await client.until(() => client.octets > 2_000_000);
  client.stopReading();
  // The stream is given back; what follows comes in slices.
  await eventually(async () => assert.deepEqual(await busyBackends(database), []));
  proxy.cutAfter(600_000, true);
  client.goOn();
  await brokenOff(client);
  await allIsThere();
});

test('the message is removed by somebody while a slow client gets slices', async () => {
  const [, , large] = await database.visible(box);
  assert.ok(large !== undefined);
  const client = await loggedIn();
  client.write('DELE 1\r\nRETR 3\r\nQUIT\r\n');
  await client.until(() => client.octets > 2_000_000);
  client.stopReading();
  await eventually(async () => assert.deepEqual(await busyBackends(database), []));
  await database.expunge(box, large);
  client.goOn();
  await brokenOff(client);
  assert.equal((await database.visible(box)).length, 2, 'what was marked is not removed');
  await eventually(async () => assert.equal(await isLocked(database, box), false));
  await addNumbered(database, [box], largeOctets);
  await allIsThere();
});

test('before the first octet a lost PostgreSQL is an honest -ERR, and the session goes on', async () => {
  const client = await Pop3Client.connect({ port: node.pop3 });
  await client.login(box.address, testSecret);
  proxy.cutAfter(0, true);
  await terminateBackends(database);
  const refused = await client.command('RETR 3');
  assert.deepEqual([refused.ok, refused.code], [false, 'SYS/TEMP']);
  const refusedSmall = await client.command('RETR 1');
  assert.deepEqual([refusedSmall.ok, refusedSmall.code], [false, 'SYS/TEMP']);
  proxy.mend();
  await eventually(async () => {
    const reply = await client.command('RETR 1');
    assert.equal(reply.ok, true);
    await client.wire.bodyUntilDot();
  }, 10_000);
  await client.ok('STAT');
  await client.quit();
  await allIsThere();
});
