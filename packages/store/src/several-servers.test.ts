/**
 * A store whose URL names several servers: which one it uses, that it leaves one that became
 * read-only at once and with all its connections, and what a commit that waits for a standby is told.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { connectLink, type LinkSettings } from './connection/link.ts';
import { LinkPool } from './connection/pool.ts';
import type { MailboxId } from './contract.ts';
import { StoreError } from './errors.ts';
import { Flagging } from './flagging.ts';
import { migrate } from './migrate.ts';
import { flagMessages } from './statements/flag-messages.ts';
import { openStore, type Store } from './store.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';
import { startServer, type TemporaryServer } from './testing/temporary-server.ts';

let first: TemporaryServer;
let second: TemporaryServer;
let mail: MailFixture;
let name: string;
/** One connection to each, as superuser. */
const clients: pg.Client[] = [];
/** It accepts and says nothing, as a machine does whose PostgreSQL hangs. */
let silent: Server;
const silenced = new Set<Socket>();

function directoryOf({ url }: TemporaryServer): string {
  return new URL(url, 'postgresql://').searchParams.get('host') ?? '';
}

function urlOf(hosts: readonly string[], more = ''): string {
  return `postgresql:///${name}?host=${hosts.join()}&user=postgres${more}`;
}

async function clientOf(server: TemporaryServer): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: server.url.replace('/postgres?', `/${name}?`) });
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

async function eventually<T>(work: () => Promise<T>): Promise<T> {
  const until = performance.now() + 15_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Connections of a store by its application name. */
async function connectionsOn(client: pg.Client, applicationName: string): Promise<number> {
  const { rows } = await client.query<{ n: number }>(
    'select count(*)::int as n from pg_stat_activity where application_name = $1',
    [applicationName],
  );
  return rows[0]?.n ?? 0;
}

async function setReadOnly(client: pg.Client, value: 'on' | 'off'): Promise<void> {
  await client.query('set default_transaction_read_only = off');
  await client.query(`alter system set default_transaction_read_only = ${value}`);
  await client.query('select pg_reload_conf()');
}

before(async () => {
  // Autovacuum writes where nobody else does.
  const settings = ['autovacuum=off'];
  [first, second] = await Promise.all([startServer({ settings }), startServer({ settings })]);
  mail = await mailFixture({ server: first });
  name = new URL(mail.database.url, 'postgresql://').pathname.slice(1);
  const maker = new pg.Client({ connectionString: second.url });
  await maker.connect();
  await maker.query(`create database ${name}`);
  await maker.end();
  silent = createServer((socket) => {
    silenced.add(socket.on('error', () => undefined));
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
});
after(async () => {
  for (const socket of silenced) socket.destroy();
  silent.close();
  for (const client of clients) await client.end();
  await mail.end();
  await Promise.all([first.stop(), second.stop()]);
});

function silentHost(): { host: string; port: string } {
  const address = silent.address();
  assert.ok(address !== null && typeof address === 'object');
  return { host: '127.0.0.1', port: String(address.port) };
}

test('hosts that are gone or hang are passed over', async () => {
  const { host, port } = silentHost();
  const hosts = [join(tmpdir(), 'poplar-no-server'), host, directoryOf(first)];
  const timeout = '&connect_timeout=1';
  const url = urlOf(hosts, `&port=5432,${port},5432${timeout}`);
  assert.deepEqual((await migrate(url)).applied, []);
  const store = openStore({ databaseUrl: url });
  await store.ready();
  assert.equal(await store.findLogin('nobody@example.org'), null);
  await store.end();
  const none = openStore({ databaseUrl: urlOf(hosts.slice(0, 2), `&port=5432,${port}${timeout}`) });
  await assert.rejects(none.ready(), (error: Error) => {
    assert.match(error.message, /no server of the database URL will do/);
    assert.ok(error.cause instanceof Error);
    assert.match(error.cause.message, /poplar-no-server.*ENOENT.*; 127\.0\.0\.1:\d+: .+/);
    return true;
  });
  await none.end();
});

test('a malformed list is the fault of who wrote it', async () => {
  const store = openStore({ databaseUrl: urlOf(['a', ''], '&password=sesame') });
  await assert.rejects(store.ready(), { code: 'INVALID', message: /no name for host 2/ });
  await assert.rejects(migrate('postgres://u:sesame@a:x,b/mail'), { code: 'INVALID' });
  await store.end();
});

test('the schema is brought up to date where writes are taken, whatever comes first', async () => {
  const client = await clientOf(first);
  await setReadOnly(client, 'on');
  try {
    // Not there yet on the second one.
    const both = urlOf([directoryOf(first), directoryOf(second)]);
    assert.ok((await migrate(both)).applied.length > 0);
    const readOnly = `${both}&target_session_attrs=read-only`;
    const reader = openStore({ databaseUrl: readOnly, applicationName: 'reader' });
    await reader.directory.findMailbox('nobody@example.org');
    assert.equal(await connectionsOn(client, 'reader'), 1);
    await reader.end();
  } finally {
    await setReadOnly(client, 'off');
  }
});

/** Every lane has a connection, some of them several. */
async function useEveryLane(store: Store, mailboxId: MailboxId): Promise<void> {
  await store.ready();
  await store.readBodies(mailboxId, [1n]);
  const find = () => store.directory.findMailbox('nobody@example.org');
  await Promise.all([find(), find(), find()]);
}

/**
 * Each server process hears of a changed setting in its own time; until then it takes writes. Null if all
 * connections had left before one was refused, because one of them heard of it with an answer.
 */
async function firstRefusal(
  store: Store,
  hasLeft: () => Promise<boolean>,
): Promise<StoreError | null> {
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      await store.directory.addDomain({ name: `early-${randomUUID().slice(0, 8)}.example.org` });
    } catch (error) {
      assert.ok(error instanceof StoreError);
      return error;
    }
    if (await hasLeft()) return null;
    await sleep(25);
  }
  return assert.fail('nothing was refused, and nobody left');
}

test('a server that becomes read-only is left by all connections and not written to', async () => {
  const client = await clientOf(first);
  const other = await clientOf(second);
  const mailboxId = await mail.addMailbox();
  const databaseUrl = urlOf([directoryOf(first), directoryOf(second)]);
  const errors: string[] = [];
  const store = openStore({
    databaseUrl,
    applicationName: 'mover',
    report: (error) => errors.push(error?.code ?? 'up'),
  });
  await useEveryLane(store, mailboxId);
  assert.ok((await connectionsOn(client, 'mover')) >= 5);
  await setReadOnly(client, 'on');
  const xmax = 'select pg_snapshot_xmax(pg_current_snapshot())::text as xid';
  try {
    // A write is refused once, and told as an outage; the next one goes to the other server.
    const hasLeft = async () => (await connectionsOn(client, 'mover')) === 0;
    const refused = await firstRefusal(store, hasLeft);
    if (refused !== null) assert.equal(refused.code, 'STORE_UNAVAILABLE');
    const before = (await client.query<{ xid: string }>(xmax)).rows;
    const address = `mover-${randomUUID().slice(0, 8)}.example.org`;
    await store.directory.addDomain({ name: address });
    const { rowCount } = await other.query('select from domain where name = $1', [address]);
    assert.equal(rowCount, 1);
    // Those that nobody used leave as well.
    await eventually(async () => assert.equal(await connectionsOn(client, 'mover'), 0));
    await eventually(async () => assert.equal(store.stats().up, true));
    assert.deepEqual((await client.query<{ xid: string }>(xmax)).rows, before);
    assert.deepEqual(errors, ['up', 'STORE_UNAVAILABLE', 'up']);
  } finally {
    await setReadOnly(client, 'off');
    await store.end();
  }
});

test('a read is answered, and the change that comes with it heard', async () => {
  const client = await clientOf(first);
  const databaseUrl = urlOf([directoryOf(first), directoryOf(second)]);
  const store = openStore({ databaseUrl, applicationName: 'listener' });
  assert.equal(await store.findLogin('nobody@example.org'), null);
  await setReadOnly(client, 'on');
  try {
    // The server says it with the next answer, which is right still.
    await eventually(async () => {
      const found = await store.findLogin('nobody@example.org').catch(() => null);
      assert.equal(found, null);
      assert.equal(await connectionsOn(client, 'listener'), 0);
    });
    await eventually(async () => assert.equal(store.stats().up, true));
  } finally {
    await setReadOnly(client, 'off');
    await store.end();
  }
});

/** Commits wait for a standby that does not exist. */
async function waitingForStandby(client: pg.Client, work: () => Promise<void>): Promise<void> {
  const set = async (standby: string) => {
    await client.query('set synchronous_commit = local');
    await client.query(`alter system set synchronous_standby_names = '${standby}'`);
    await client.query('select pg_reload_conf()');
  };
  await set('nobody');
  try {
    // The checkpointer tells sessions that there is somebody to wait for.
    await eventually(async () => {
      const { rows } = await client.query<{ s: string }>('show synchronous_standby_names');
      assert.equal(Object.values(rows[0] ?? {})[0], 'nobody');
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await work();
  } finally {
    await set('');
  }
}

/** As the lane for work, but soon tired of waiting. */
function durable(databaseUrl: string): LinkSettings {
  return {
    ...{ databaseUrl, applicationName: 'waiter', pipeline: false, synchronousCommit: true },
    statementTimeoutMs: 500,
  };
}

const waiting = `from pg_stat_activity where wait_event = 'SyncRep'`;

/** Cancels the waits of commits until the work is over. */
async function cancelling<T>(client: pg.Client, work: Promise<T>): Promise<T> {
  const state = { over: false };
  const done = work.finally(() => {
    state.over = true;
  });
  done.catch(() => undefined);
  while (!state.over) {
    await client.query(`select pg_cancel_backend(pid) ${waiting}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return done;
}

test('a commit whose wait for the standby was cancelled is never told as done', async () => {
  const client = await clientOf(first);
  const mailboxId = await mail.addMailbox();
  await mail.deliver(mailboxId);
  const [messageId = 0n] = await mail.visible(mailboxId);
  const held = await mail.open(mailboxId);
  assert.equal(held.kind, 'opened');
  await waitingForStandby(client, async () => {
    await assert.rejects(cancelling(client, mail.deliver(mailboxId)), { code: 'OUTCOME_UNKNOWN' });
    const pool = new LinkPool(durable(mail.database.url), 2);
    const quit = new Flagging(pool, 1_500).flag({
      mailboxId,
      token: held.token,
      messageIds: [messageId],
    });
    await assert.rejects(cancelling(client, quit), { code: 'OUTCOME_UNKNOWN' });
    // Nobody cancels the look for the receipt, which waits as well: there is a bound all the same.
    const unheard = new Flagging(pool, 1_500).flag({
      mailboxId,
      token: held.token,
      messageIds: [],
    });
    await assert.rejects(unheard, { code: 'OUTCOME_UNKNOWN' });
    await pool.end();
  });
  // Done here, promised to nobody: both are there, and the lock is free.
  assert.equal((await mail.visible(mailboxId)).length, 1);
  assert.notDeepEqual(await mail.visible(mailboxId), [messageId]);
  const again = await eventually(async () => {
    const answer = await mail.open(mailboxId);
    assert.equal(answer.kind, 'opened');
    return answer;
  });
  await mail.store.close(mailboxId, again.token);
});

test('a commit that is not waited for any more keeps no server process', async () => {
  const client = await clientOf(first);
  const mailboxId = await mail.addMailbox();
  const held = await mail.open(mailboxId);
  await waitingForStandby(client, async () => {
    const link = await connectLink(durable(mail.database.url));
    const request = { mailboxId, token: held.token, messageIds: [] };
    await assert.rejects(link.run(flagMessages, request), { code: 'STORE_UNAVAILABLE' });
    assert.equal(link.open, false);
    await eventually(async () => assert.equal(await connectionsOn(client, 'waiter'), 0));
  });
});
