/**
 * What one worker's store asks and another one hears; and that a lock is had without any of it.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LockQuestion } from './lock-questions.ts';
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

interface Workers {
  /** Of the worker that has the maildrop. */
  readonly owner: Store;
  readonly heard: LockQuestion[];
  readonly opener: Store;
}

async function workers(
  stores: AsyncDisposableStack,
  options: { owner?: Partial<StoreOptions>; opener?: Partial<StoreOptions> } = {},
): Promise<Workers> {
  const heard: LockQuestion[] = [];
  const open = (given: Partial<StoreOptions>): Store => {
    const store = openStore({ databaseUrl: mail.database.url, lockWaitMs: 0, ...given });
    stores.defer(() => store.end());
    return store;
  };
  const owner = open({ lockAsked: (question) => heard.push(question), ...options.owner });
  const opener = open({ asksOwners: true, ...options.opener });
  await owner.ready();
  return { owner, heard, opener };
}

async function until(what: string, holds: () => boolean, withinMs = 5_000): Promise<void> {
  const endAtMs = performance.now() + withinMs;
  while (!holds()) {
    assert.ok(performance.now() < endAtMs, what);
    await sleep(10);
  }
}

test('the owner of a maildrop in use is asked, once, whoever else listens', async () => {
  await using stores = new AsyncDisposableStack();
  const mailboxId = await mail.addMailbox();
  const { owner, heard, opener } = await workers(stores);
  const strangerHeard: LockQuestion[] = [];
  const stranger = openStore({
    databaseUrl: mail.database.url,
    lockAsked: (question) => strangerHeard.push(question),
  });
  stores.defer(() => stranger.end());
  await mail.open(await mail.addMailbox(), { store: stranger });
  const { token } = await mail.open(mailboxId, { store: owner });
  for (let i = 0; i < 5; i += 1) {
    assert.equal((await mail.open(mailboxId, { store: opener })).kind, 'in-use');
  }
  await until('it is asked', () => heard.length > 0);
  await sleep(100);
  assert.deepEqual(heard, [{ kind: 'check', token }]);
  assert.deepEqual(strangerHeard, []);
  assert.deepEqual([opener.stats().locksAsked, owner.stats().locksHeard], [1, 1]);
});

test('one that waits gets the lock that its owner gives back', async () => {
  await using stores = new AsyncDisposableStack();
  const mailboxId = await mail.addMailbox();
  const given: { owner: Store | null } = { owner: null };
  const { owner, opener } = await workers(stores, {
    owner: { lockAsked: ({ token }) => void given.owner?.close(mailboxId, token) },
    opener: { lockWaitMs: 3_000 },
  });
  given.owner = owner;
  await mail.open(mailboxId, { store: owner });
  const sinceMs = performance.now();
  assert.equal((await mail.open(mailboxId, { store: opener })).kind, 'opened');
  assert.ok(performance.now() - sinceMs < 1_500);
});

test('a store that may not ask does not, and waits as before', async () => {
  await using stores = new AsyncDisposableStack();
  const mailboxId = await mail.addMailbox();
  const { owner, heard, opener } = await workers(stores, {
    opener: { asksOwners: false, lockWaitMs: 300 },
  });
  await mail.open(mailboxId, { store: owner });
  assert.equal((await mail.open(mailboxId, { store: opener })).kind, 'in-use');
  await sleep(100);
  assert.deepEqual(heard, []);
});

test('nobody hears of a lock that was closed, and nonsense is nothing', async () => {
  await using stores = new AsyncDisposableStack();
  const mailboxId = await mail.addMailbox();
  const { owner, heard } = await workers(stores);
  const { token } = await mail.open(mailboxId, { store: owner });
  const [lock] = await mail.database.query(
    'select owner_id from maildrop_lock where mailbox_id = $1',
    [mailboxId],
  );
  const payload = `check ${String(lock?.owner_id)} ${mailboxId}`;
  const tell = (text: string) => mail.database.query("select pg_notify('poplar_lock', $1)", [text]);
  for (const text of ['', 'check', 'check x 1', `take ${payload.slice(6)}`, `${payload}0`]) {
    await tell(text);
  }
  await tell(payload);
  await until('the last one is heard', () => heard.length > 0);
  await owner.close(mailboxId, token);
  await tell(payload);
  await sleep(100);
  assert.deepEqual(heard, [{ kind: 'check', token }]);
});

test('a worker that lost its connection hears again on the next one', async () => {
  await using stores = new AsyncDisposableStack();
  const mailboxId = await mail.addMailbox();
  const { owner, heard, opener } = await workers(stores, { owner: { databaseUrl: proxy.url } });
  const { token } = await mail.open(mailboxId, { store: owner });
  const { epochs } = owner.stats();
  proxy.break();
  proxy.mend();
  await until('it is back', () => owner.stats().epochs > epochs, 10_000);
  assert.equal((await mail.open(mailboxId, { store: opener })).kind, 'in-use');
  await until('it is asked', () => heard.length > 0);
  assert.deepEqual(heard, [{ kind: 'check', token }]);
});
