/**
 * The REST API of a real node: its token, what a client of mail sees of a change, its TLS, its end. What
 * the routes answer is tested beside them.
 */

import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { auditOf, storedMessages } from '../support/accidents.ts';
import { AdminClient } from '../support/admin-client.ts';
import { LmtpClient } from '../support/lmtp-client.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { lines } from '../support/messages.ts';
import { eventually } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

let database: TestDatabase;
let node: RunningNode;
let admin: AdminClient;

const withAdmin = {
  POPLAR_ROLES: 'pop3,maildrop,admin',
  POPLAR_LISTEN_ADMIN: '127.0.0.1:0',
  POPLAR_LOCK_WAIT_MS: '0',
};

before(async () => {
  database = await openTestDatabase();
  node = await startNode({
    databaseUrl: database.url,
    workers: 1,
    environment: { ...withAdmin, POPLAR_NODE_NAME: 'first' },
  });
  admin = new AdminClient(node.admin, readToken(node));
});
after(async () => {
  await node.stop();
  await database.drop();
});

function readToken({ dataDir }: RunningNode): string {
  return readFileSync(join(dataDir, 'admin-token'), 'utf8').trim();
}

test('the token is made once, for the owner of the data directory alone', async () => {
  assert.match(readToken(node), /^poplar_[\w-]{43}$/);
  assert.equal(statSync(join(node.dataDir, 'admin-token')).mode & 0o777, 0o600);
  assert.doesNotMatch(node.log() + node.printed(), /poplar_[\w-]{43}/);
  assert.equal((await new AdminClient(node.admin, 'x').get('/domains')).status, 401);
  assert.equal((await admin.get('/domains')).status, 200);
});

test('a mailbox that is made here opens, and one that is suspended does not', async () => {
  assert.equal((await admin.post('/domains', { domain: 'made.example' })).status, 201);
  const address = 'ann@made.example';
  assert.equal((await admin.post('/mailboxes', { address, password: testSecret })).status, 201);
  const client = await Pop3Client.connect({ port: node.pop3 });
  await client.login(address, testSecret);
  await client.quit();
  const path = `/mailboxes/${address}`;
  assert.equal((await admin.send('PATCH', path, { status: 'suspended' })).status, 200);
  const refused = await Pop3Client.connect({ port: node.pop3 });
  await refused.ok(`USER ${address}`);
  const answer = await refused.command(`PASS ${testSecret}`);
  assert.deepEqual([answer.ok, answer.code], [false, 'SYS/PERM']);
  await refused.quit();
  assert.equal((await admin.send('PATCH', path, { status: 'active' })).status, 200);
  const made = await admin.post(`${path}/app-passwords`, { label: 'phone' });
  const other = await Pop3Client.connect({ port: node.pop3 });
  await other.login(address, String(made.body.appPassword));
  await other.quit();
  const log = node.log();
  for (const secret of [testSecret, String(made.body.appPassword)])
    assert.ok(!log.includes(secret));
  assert.deepEqual(await auditOf(database, address), [
    'mailbox.add by root',
    'mailbox.set by root',
    'mailbox.set by root',
    'app-password.add by root',
  ]);
});

test('a session is listed, kicked, and nothing that it marked is gone', async () => {
  const mailbox = await database.addMailbox('busy@example.org', maildropNamed('three-messages'));
  const client = await Pop3Client.connect({ port: node.pop3 });
  await client.login(mailbox.address, testSecret);
  await client.ok('DELE 1');
  const { items } = (await admin.get('/sessions')).body;
  assert.partialDeepStrictEqual(items, [
    { address: mailbox.address, node: 'first', client: '127.0.0.1' },
  ]);
  assert.equal((await admin.send('DELETE', `/sessions/${mailbox.address}`)).status, 202);
  const word = await client.reply();
  assert.deepEqual([word.ok, word.code], [false, 'SYS/TEMP']);
  await client.wire.closed();
  await eventually(async () => assert.deepEqual(await database.locked(), []), 5_000);
  assert.equal((await database.visible(mailbox)).length, 3);
  assert.equal((await admin.send('DELETE', `/sessions/${mailbox.address}`)).status, 404);
});

test('a deleted mailbox is closed at once, comes back with its mail, and goes when its grace is over', async () => {
  const mailbox = await database.addMailbox('gone@example.org', maildropNamed('three-messages'));
  const client = await Pop3Client.connect({ port: node.pop3 });
  await client.login(mailbox.address, testSecret);
  await client.ok('DELE 1');
  const path = `/mailboxes/${mailbox.address}`;
  assert.equal((await admin.send('DELETE', path)).status, 202);
  const word = await client.reply();
  assert.deepEqual([word.ok, word.code], [false, 'SYS/TEMP']);
  const refused = await Pop3Client.connect({ port: node.pop3 });
  await refused.ok(`USER ${mailbox.address}`);
  assert.equal((await refused.command(`PASS ${testSecret}`)).ok, false);
  await refused.quit();
  assert.equal((await admin.post(`${path}/undelete`)).status, 200);
  const back = await Pop3Client.connect({ port: node.pop3 });
  await back.login(mailbox.address, testSecret);
  assert.match((await back.ok('STAT')).text, /^3 /);
  await back.quit();
  assert.equal((await admin.send('DELETE', `${path}?graceSeconds=0`)).status, 202);
  assert.equal((await admin.post(`${path}/undelete`)).status, 404);
  while (await database.store.administration.removeDueMailbox());
  assert.equal((await admin.get(path)).status, 404);
  assert.equal(await storedMessages(database, mailbox), 0);
});

test('a drained node still answers here, and is put back into service', async () => {
  assert.equal((await admin.send('PUT', '/nodes/first/drain')).status, 204);
  const drained = async (): Promise<unknown> => (await admin.get('/nodes')).body.items;
  await eventually(async () => {
    assert.partialDeepStrictEqual(await drained(), [
      {
        ...{ node: 'first', roles: ['admin', 'maildrop', 'pop3'] },
        workers: [{ isDraining: true }],
      },
    ]);
    await assert.rejects(Pop3Client.connect({ port: node.pop3 }));
  }, 15_000);
  assert.equal((await admin.send('DELETE', '/nodes/first/drain')).status, 204);
  await eventually(async () => {
    const client = await Pop3Client.connect({ port: node.pop3 });
    await client.quit();
  }, 15_000);
});

describe('a token of the environment, on an address of a network', () => {
  test('is served by TLS alone, with the certificate of the node', async () => {
    const token = 'a-token-that-an-operator-has-chosen';
    // Below those that the system gives to clients: one of them on any address is in the way.
    const port = 20_000 + (process.pid % 10_000);
    const given = { POPLAR_ADMIN_TOKEN: token, POPLAR_LISTEN_ADMIN: `0.0.0.0:${port}` };
    const other = await startNode({
      databaseUrl: database.url,
      workers: 1,
      environment: { ...withAdmin, ...given, POPLAR_NODE_NAME: 'second', POPLAR_ROLES: 'admin' },
    });
    try {
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const asked = {
          ...{ host: '127.0.0.1', port: other.admin, path: '/api/v1/domains', agent: false },
          ...{ ca: other.ca, servername: 'pop.example.org' },
          headers: { authorization: `Bearer ${token}` },
          timeout: 10_000,
        };
        const sent = request(asked, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        sent.once('error', reject);
        sent.end();
      });
      assert.equal(status, 200);
      await assert.rejects(new AdminClient(other.admin, token).get('/domains'));
    } finally {
      await other.stop();
    }
  });
});

test('a mailbox that is full refuses mail by LMTP, and nobody else', async () => {
  const mailbox = await database.addMailbox('full@example.org', maildropNamed('three-messages'));
  const other = await database.addMailbox('room@example.org');
  const path = `/mailboxes/${mailbox.address}`;
  assert.equal((await admin.send('PATCH', path, { quotaOctets: 700 })).status, 200);
  const lmtp = await LmtpClient.connect({ port: node.lmtp });
  const content = lines('Subject: one more', '', 'x');
  const to = [mailbox.address, other.address];
  const answers = await lmtp.deliver({ from: 'a@example.net', to, content });
  assert.deepEqual(
    answers.map(({ code, enhanced }) => [code, enhanced]),
    [
      [552, '5.2.2'],
      [250, '2.0.0'],
    ],
  );
  await lmtp.quit();
  assert.equal((await database.visible(mailbox)).length, 3);
  assert.equal((await database.visible(other)).length, 1);
});
