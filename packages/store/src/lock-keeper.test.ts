/**
 * Locks that nobody would release: each comes about by an accident, and is free as soon as the worker
 * is back at the database, while the locks of its live sessions stay.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { MailboxId } from './contract.ts';
import { beginEpoch } from './statements/begin-epoch.ts';
import { takeLocks } from './statements/take-locks.ts';
import { openStore, type Store, type StoreOptions } from './store.ts';
import { type DatabaseProxy, databaseProxy } from './testing/database-proxy.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';

let mail: MailFixture;
let proxy: DatabaseProxy;

before(async () => {
  mail = await mailFixture();
  proxy = await databaseProxy(mail.database.url);
});
after(async () => {
  await proxy.end();
  await mail.end();
});

/** A worker's store whose connections can be broken. */
function worker(options: Partial<StoreOptions> = {}): Store {
  return openStore({ databaseUrl: proxy.url, lockWaitMs: 0, ...options });
}

async function lockOf(mailboxId: MailboxId): Promise<Record<string, unknown> | undefined> {
  const text = 'select token, owner_id, owner_epoch from maildrop_lock where mailbox_id = $1';
  return (await mail.database.query(text, [mailboxId]))[0];
}

/** Cuts every connection and waits until the worker has begun a new epoch. */
async function reconnect(store: Store): Promise<void> {
  const { epochs } = store.stats();
  proxy.break();
  proxy.mend();
  const until = performance.now() + 10_000;
  while (store.stats().epochs === epochs) {
    assert.ok(performance.now() < until, 'a new epoch begins');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a release that was answered and then lost with its commit does not lock anyone out', async () => {
  const mailboxId = await mail.addMailbox();
  await using stores = new AsyncDisposableStack();
  const store = worker();
  stores.defer(() => store.end());
  const { token } = await mail.open(mailboxId, { store });
  const held = await lockOf(mailboxId);
  await store.close(mailboxId, token);
  // What recovery does when the commit of the release was not yet written.
  await mail.database.query(
    'update maildrop_lock set token = $2, owner_id = $3, owner_epoch = $4 where mailbox_id = $1',
    [mailboxId, token, held?.owner_id, held?.owner_epoch],
  );
  assert.equal((await mail.open(mailboxId)).kind, 'in-use');
  await reconnect(store);
  assert.equal((await mail.open(mailboxId)).kind, 'opened');
});

test('the locks of live sessions are taken along, and their QUIT works', async () => {
  const mailboxId = await mail.addMailbox();
  await mail.deliver(mailboxId);
  const [messageId] = await mail.visible(mailboxId);
  await using stores = new AsyncDisposableStack();
  const lost: string[] = [];
  const store = worker({ locksLost: (tokens) => lost.push(...tokens) });
  stores.defer(() => store.end());
  const { token } = await mail.open(mailboxId, { store });
  const before = await lockOf(mailboxId);
  await reconnect(store);
  const after = await lockOf(mailboxId);
  assert.equal(after?.token, token);
  assert.equal(Number(after?.owner_epoch), Number(before?.owner_epoch) + 1);
  assert.equal((await mail.open(mailboxId)).kind, 'in-use');
  const flagged = await store.flag({ mailboxId, token, messageIds: [messageId ?? 0n] });
  assert.equal(flagged.kind, 'flagged');
  assert.deepEqual(await mail.visible(mailboxId), []);
  assert.deepEqual(lost, []);
});

test('a grant that arrives after its worker gave up is worth nothing', async () => {
  const mailboxId = await mail.addMailbox();
  await using stores = new AsyncDisposableStack();
  const store = worker();
  stores.defer(() => store.end());
  const first = await mail.open(mailboxId, { store });
  const held = await lockOf(mailboxId);
  await store.close(mailboxId, first.token);
  const ownerId = String(held?.owner_id);
  const request = { mailboxId, credentialVersion: '1', ownerId, token: randomUUID() };
  const epoch = String(held?.owner_epoch);
  const late = { ...request, actorId: mailboxId, epoch };
  const grant = async () => {
    const values = takeLocks.parameters([late]).map((value) => value as Buffer);
    return (await mail.database.client()).query(takeLocks.text, values);
  };
  // Granted by a hung server process before the worker came back: free when it has.
  assert.equal((await grant()).rowCount, 1);
  await reconnect(store);
  const second = await mail.open(mailboxId);
  assert.equal(second.kind, 'opened');
  await mail.store.close(mailboxId, second.token);
  // Asked for before, granted after: refused.
  assert.equal((await grant()).rowCount, 0);
  assert.equal((await mail.open(mailboxId)).kind, 'opened');
});

test('a session whose lock is not there any more is told, a session that is over is not', async () => {
  const [mailboxId, other] = [await mail.addMailbox(), await mail.addMailbox()];
  await using stores = new AsyncDisposableStack();
  const lost: string[] = [];
  const store = worker({ locksLost: (tokens) => lost.push(...tokens) });
  stores.defer(() => store.end());
  const { token } = await mail.open(mailboxId, { store });
  const closed = await mail.open(other, { store });
  await store.close(other, closed.token);
  await mail.database.query('update maildrop_lock set token = null, owner_id = null');
  await reconnect(store);
  assert.deepEqual(lost, [token]);
  await store.checkLocks();
  assert.deepEqual(lost, [token], 'once');
});

test('locks checked while opens are on the way stay with them', async () => {
  const mailboxIds = await Promise.all(Array.from({ length: 50 }, () => mail.addMailbox()));
  await using stores = new AsyncDisposableStack();
  const lost: string[] = [];
  const store = worker({ locksLost: (tokens) => lost.push(...tokens) });
  stores.defer(() => store.end());
  const checks = Array.from({ length: 20 }, () => store.checkLocks());
  const answers = await Promise.all(mailboxIds.map((id) => mail.open(id, { store })));
  await Promise.all(checks);
  await store.checkLocks();
  assert.ok(answers.every(({ kind }) => kind === 'opened'));
  for (const mailboxId of mailboxIds) assert.equal((await mail.open(mailboxId)).kind, 'in-use');
  assert.deepEqual(lost, []);
});

async function eventuallyFree(mailboxId: MailboxId): Promise<void> {
  const until = performance.now() + 10_000;
  while ((await mail.open(mailboxId)).kind !== 'opened') {
    assert.ok(performance.now() < until, 'free again');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('a release that never reached the server is made up for by the next connection', async () => {
  const mailboxId = await mail.addMailbox();
  await using stores = new AsyncDisposableStack();
  const store = worker();
  stores.defer(() => store.end());
  const { token } = await mail.open(mailboxId, { store });
  proxy.lose('release_locks', 'request');
  await store.close(mailboxId, token);
  await eventuallyFree(mailboxId);
});

test('a session that ends while an epoch is begun that takes its lock along leaves none', async () => {
  const mailboxId = await mail.addMailbox();
  await using stores = new AsyncDisposableStack();
  const store = worker();
  stores.defer(() => store.end());
  const { token } = await mail.open(mailboxId, { store });
  const ownerId = String((await lockOf(mailboxId))?.owner_id);
  const blocker = await mail.database.client();
  await blocker.query('begin');
  await blocker.query('select from owner where owner_id = $1 for update', [ownerId]);
  proxy.break();
  proxy.mend();
  const waiting = "select from pg_stat_activity where wait_event_type = 'Lock'";
  while ((await mail.database.query(waiting)).length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  // Begun, with the token, and not there yet: no release can be sent, and none is waited for.
  await store.close(mailboxId, token);
  await blocker.query('commit');
  await eventuallyFree(mailboxId);
});

test('an epoch that could not be begun is begun for locks that nobody uses any more', async () => {
  const mailboxId = await mail.addMailbox();
  await using stores = new AsyncDisposableStack();
  const store = worker();
  stores.defer(() => store.end());
  const { token } = await mail.open(mailboxId, { store });
  proxy.break();
  await store.close(mailboxId, token);
  proxy.lose('begin_epoch', 'request');
  proxy.mend();
  await eventuallyFree(mailboxId);
});

test('an epoch that is begun late, behind a newer one, frees nothing', async () => {
  const mailboxId = await mail.addMailbox();
  await using stores = new AsyncDisposableStack();
  const store = worker();
  stores.defer(() => store.end());
  const first = await mail.open(mailboxId, { store });
  const ownerId = String((await lockOf(mailboxId))?.owner_id);
  await store.close(mailboxId, first.token);
  await reconnect(store);
  const { token } = await mail.open(mailboxId, { store });
  // From a server process that hung, asked before the last one was: it does not know the lock.
  const values = beginEpoch.parameters({ ownerId, epoch: '1', locks: [] });
  const late = (await mail.database.client()).query(
    beginEpoch.text,
    values.map((value) => value as Buffer),
  );
  assert.equal((await late).rowCount, 0);
  assert.equal((await mail.open(mailboxId)).kind, 'in-use');
  assert.equal((await lockOf(mailboxId))?.token, token);
});
