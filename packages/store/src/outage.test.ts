/**
 * The database away: gone, crashed, silent, read-only. What is asked meanwhile fails at once, what
 * was answered before is there afterwards.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { migrate } from './migrate.ts';
import { openStore } from './store.ts';
import { type DatabaseProxy, databaseProxy } from './testing/database-proxy.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';
import { startServer, type TemporaryServer } from './testing/temporary-server.ts';

let server: TemporaryServer;
let mail: MailFixture;
let proxy: DatabaseProxy;

before(async () => {
  server = await startServer();
  mail = await mailFixture({ server });
  proxy = await databaseProxy(mail.database.url);
});
after(async () => {
  await proxy.end();
  await mail.end();
  await server.stop();
});

/** Repeats until it succeeds; the last failure after ten seconds. */
async function eventually<T>(work: () => Promise<T>): Promise<T> {
  const until = performance.now() + 10_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

test('while the database is away calls fail at once, and work again when it is back', async () => {
  const mailboxId = await mail.addMailbox();
  const store = openStore({ databaseUrl: proxy.url, lockWaitMs: 0 });
  const held = await mail.open(mailboxId, { store });
  assert.equal(held.kind, 'opened');
  proxy.break();
  await assert.rejects(mail.open(mailboxId, { store }), { code: 'STORE_UNAVAILABLE' });
  const since = performance.now();
  await assert.rejects(store.findLogin('user1@example.org'), { code: 'STORE_UNAVAILABLE' });
  await assert.rejects(store.readBodies(mailboxId, [1n]), { code: 'STORE_UNAVAILABLE' });
  assert.ok(performance.now() - since < 1_000);
  // A close does not fail; it is done when the database is back.
  await store.close(mailboxId, held.token);
  proxy.mend();
  const again = await eventually(async () => {
    const answer = await mail.open(mailboxId, { store });
    assert.equal(answer.kind, 'opened');
    return answer;
  });
  await store.close(mailboxId, again.token);
  await store.end();
});

test('an open whose answer is lost leaves no lock behind', async () => {
  const mailboxId = await mail.addMailbox();
  const store = openStore({ databaseUrl: proxy.url, lockWaitMs: 0 });
  await store.ready();
  proxy.lose('take_locks', 'answer');
  await assert.rejects(mail.open(mailboxId, { store }), { code: 'STORE_UNAVAILABLE' });
  await eventually(async () => {
    assert.equal((await mail.open(mailboxId)).kind, 'opened');
  });
  await store.end();
});

test('what was delivered before a crash is there after it', async () => {
  const mailboxId = await mail.addMailbox();
  const acknowledged = { count: 0 };
  const crash = new Promise((resolve) => setTimeout(resolve, 150)).then(() => server.kill());
  const senders = Array.from({ length: 4 }, async () => {
    for (;;) {
      const failed = await mail.deliver(mailboxId).then(
        () => false,
        () => true,
      );
      if (failed) return;
      acknowledged.count += 1;
    }
  });
  await Promise.all([...senders, crash]);
  await server.start();
  const login = await eventually(() => mail.store.findLogin('user1@example.org'));
  assert.ok(login);
  const snapshot = await eventually(() => mail.store.snapshot(mailboxId, '0'));
  assert.ok(acknowledged.count > 0);
  assert.ok(snapshot.count >= acknowledged.count);
  assert.ok(snapshot.count <= acknowledged.count + 4, 'one a sender may be unacknowledged');
});

test('a read-only server is not used', async () => {
  const client = await mail.database.client();
  const name = new URL(mail.database.url, 'postgresql://').pathname.slice(1);
  await client.query(`alter database ${name} set default_transaction_read_only = on`);
  const store = openStore({ databaseUrl: mail.database.url });
  await assert.rejects(store.ready(), { code: 'STORE_UNAVAILABLE' });
  await assert.rejects(store.directory.findMailbox('a@example.org'), { code: 'STORE_UNAVAILABLE' });
  await client.query('set default_transaction_read_only = off');
  await client.query(`alter database ${name} reset default_transaction_read_only`);
  await eventually(() => store.findLogin('user1@example.org'));
  await store.end();
});

test('a refused user and a missing database are told apart from an outage', async () => {
  const missing = mail.database.url.replace(/poplar_test_\w+/, 'no_such_database');
  const store = openStore({ databaseUrl: missing });
  await assert.rejects(store.ready(), { code: 'STORE_REFUSED' });
  await store.end();
});

test('a database without the schema is incompatible until it is migrated', async () => {
  await (await mail.database.client()).query('create database unmigrated');
  const databaseUrl = mail.database.url.replace(/poplar_test_\w+/, 'unmigrated');
  const store = openStore({ databaseUrl });
  await assert.rejects(store.findLogin('a@example.org'), { code: 'STORE_INCOMPATIBLE' });
  await migrate(databaseUrl);
  assert.equal(await eventually(() => store.findLogin('a@example.org')), null);
  await store.end();
});

test('a schema that changes under prepared statements costs a connection, not the service', async () => {
  const address = 'user1@example.org';
  const client = await mail.database.client();
  assert.ok(await mail.store.findLogin(address));
  await client.query('alter table mailbox alter column address type varchar(320)');
  assert.equal((await eventually(() => mail.store.findLogin(address)))?.address, address);
  await client.query('alter table mailbox alter column address type text collate "C"');
  assert.equal((await eventually(() => mail.store.findLogin(address)))?.address, address);
});

test('the end of a store does not wait for a server that has fallen silent', {
  timeout: 30_000,
}, async (t) => {
  const applicationName = 'ends all the same';
  const store = openStore({ databaseUrl: mail.database.url, applicationName });
  await store.ready();
  const rows = await mail.database.query(
    'select pid from pg_stat_activity where application_name = $1',
    [applicationName],
  );
  const pids = rows.map(({ pid }) => Number(pid));
  assert.ok(pids.length > 0);
  // Also where the time is over: a backend that stands would hold its server.
  t.after(() => {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  });
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  await store.end();
});
