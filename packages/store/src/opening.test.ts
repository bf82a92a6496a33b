import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Link } from './connection/link.ts';
import type { MailboxId } from './contract.ts';
import { StoreError } from './errors.ts';
import { batchMax, opensOfMailboxMax } from './limits.ts';
import type { Statement } from './statement.ts';
import { openStore, type Store } from './store.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';
import { realWorld } from './world.ts';

let mail: MailFixture;

before(async () => {
  mail = await mailFixture();
});
after(() => mail.end());

test('an open answers the count and the version, and a second one is refused', async () => {
  const mailboxId = await mail.addMailbox();
  await mail.deliver(mailboxId);
  const opened = await mail.open(mailboxId);
  assert.equal(opened.kind, 'opened');
  assert.ok(opened.kind === 'opened' && opened.messages === 1);
  assert.equal((await mail.open(mailboxId)).kind, 'in-use');
  await mail.store.close(mailboxId, opened.token);
  const again = await mail.open(mailboxId);
  assert.ok(again.kind === 'opened' && again.version === opened.version);
});

test('of many opens of one mailbox one gets it, through one store or several', async () => {
  const mailboxId = await mail.addMailbox();
  const other = openStore({ databaseUrl: mail.database.url, lockWaitMs: 0 });
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      mail.open(mailboxId, index % 2 === 0 ? {} : { store: other }),
    ),
  );
  assert.equal(answers.filter((answer) => answer.kind === 'opened').length, 1);
  assert.equal(answers.filter((answer) => answer.kind === 'in-use').length, 39);
  await other.end();
});

test('a wrong token releases nothing', async () => {
  const mailboxId = await mail.addMailbox();
  const opened = await mail.open(mailboxId);
  await mail.store.close(mailboxId, randomUUID());
  assert.equal((await mail.open(mailboxId)).kind, 'in-use');
  await mail.store.close(mailboxId, opened.token);
  assert.equal((await mail.open(mailboxId)).kind, 'opened');
});

test('credentials that were changed since open nothing and lock nothing', async () => {
  const mailboxId = await mail.addMailbox();
  const [row] = await mail.database.query('select address from mailbox where mailbox_id = $1', [
    mailboxId,
  ]);
  await mail.store.credentials.setPassword({ address: String(row?.address), password: '$y$' });
  assert.equal((await mail.open(mailboxId)).kind, 'stale-credentials');
  const locks = 'select grants, token from maildrop_lock where mailbox_id = $1';
  assert.deepEqual(await mail.database.query(locks, [mailboxId]), [{ grants: '0', token: null }]);
  assert.equal((await mail.open(mailboxId, { credentialVersion: '2' })).kind, 'opened');
});

test('a mailbox that is suspended, without POP3 or gone is disabled', async () => {
  const suspended = await mail.addMailbox();
  const silent = await mail.addMailbox();
  const update = 'update mailbox set status = $2, pop3_enabled = $3 where mailbox_id = $1';
  await mail.database.query(update, [suspended, 'suspended', true]);
  await mail.database.query(update, [silent, 'active', false]);
  assert.equal((await mail.open(suspended)).kind, 'disabled');
  assert.equal((await mail.open(silent)).kind, 'disabled');
  assert.equal((await mail.open('999999' as MailboxId)).kind, 'disabled');
});

test('an owner without a lease takes no lock', async () => {
  const mailboxId = await mail.addMailbox();
  const expired = await mail.addOwner();
  await mail.expireOwner(expired);
  const unknown = mail.open(mailboxId, { ownerId: randomUUID() });
  await assert.rejects(unknown, { code: 'OWNER_EXPIRED' });
  await assert.rejects(mail.open(mailboxId, { ownerId: expired }), { code: 'OWNER_EXPIRED' });
  assert.equal((await mail.open(mailboxId)).kind, 'opened');
});

test('a lock is taken from the dead only', async () => {
  const mailboxId = await mail.addMailbox();
  const dying = await mail.addOwner();
  assert.equal((await mail.open(mailboxId, { ownerId: dying })).kind, 'opened');
  assert.equal((await mail.open(mailboxId)).kind, 'in-use');
  await mail.expireOwner(dying);
  const stolen = await mail.open(mailboxId);
  assert.equal(stolen.kind, 'opened');
  await mail.store.close(mailboxId, stolen.token);

  const removed = await mail.addOwner();
  assert.equal((await mail.open(mailboxId, { ownerId: removed })).kind, 'opened');
  await mail.store.removeOwner(removed);
  assert.equal((await mail.open(mailboxId)).kind, 'opened');
});

test('a maildrop in use is asked for again until it is free', async () => {
  const mailboxId = await mail.addMailbox();
  const patient = openStore({ databaseUrl: mail.database.url, lockWaitMs: 2_000 });
  const held = await mail.open(mailboxId);
  const waiting = mail.open(mailboxId, { store: patient });
  setTimeout(() => void mail.store.close(mailboxId, held.token), 150);
  assert.equal((await waiting).kind, 'opened');
  await patient.end();

  const hurried = openStore({ databaseUrl: mail.database.url, lockWaitMs: 250 });
  const since = performance.now();
  assert.equal((await mail.open(mailboxId, { store: hurried })).kind, 'in-use');
  assert.ok(performance.now() - since >= 240);
  await hurried.end();
});

test('hundreds at once go out in a few batches, each with its own answer', async () => {
  const ids = await Promise.all(Array.from({ length: 300 }, () => mail.addMailbox()));
  const suspended = new Set(ids.filter((_, index) => index % 7 === 0));
  await mail.database.query("update mailbox set status = 'suspended' where mailbox_id = any($1)", [
    [...suspended],
  ]);
  const before = mail.store.stats();
  const answers = await Promise.all(ids.map((id) => mail.open(id)));
  answers.forEach((answer, index) => {
    const id = ids[index];
    assert.equal(answer.kind, id !== undefined && suspended.has(id) ? 'disabled' : 'opened');
  });
  const after = mail.store.stats();
  assert.ok(after.openBatches - before.openBatches <= Math.ceil(300 / batchMax) + 1);
  const [held] = await mail.database.query(
    'select count(*) from maildrop_lock where token is not null and mailbox_id = any($1)',
    [[...suspended]],
  );
  assert.equal(held?.count, '0');
  await Promise.all(ids.map((id, index) => mail.store.close(id, answers[index]?.token ?? '')));
});

/** A store in which something is done each time before it asks why a login has no lock. */
function explaining(before: () => Promise<void>): Store {
  const world = {
    ...realWorld,
    connect: async (settings: Parameters<typeof realWorld.connect>[0]): Promise<Link> => {
      const link = await realWorld.connect(settings);
      const run = link.run.bind(link);
      link.run = async <Input, Output>(statement: Statement<Input, Output>, input: Input) => {
        if (statement.name === 'read_refused') await before();
        return run(statement, input);
      };
      return link;
    },
  };
  return openStore({ databaseUrl: mail.database.url, lockWaitMs: 0, world });
}

test('an epoch that begins before it is asked why there is no lock is no end of a lease', async () => {
  const mailboxId = await mail.addMailbox();
  const { token } = await mail.open(mailboxId);
  let begun = 0;
  const store = explaining(async () => {
    begun += 1;
    if (begun === 1) await store.checkLocks();
  });
  const free = await mail.addMailbox();
  assert.equal((await mail.open(free, { store })).kind, 'opened', 'it has an epoch');
  const { epochs } = store.stats();
  assert.equal((await mail.open(mailboxId, { store })).kind, 'in-use');
  assert.equal(begun, 2, 'asked again in the new epoch');
  assert.equal(store.stats().epochs, epochs + 1, 'the new one is not thrown away');
  await mail.store.close(mailboxId, token);
  await store.end();
});

test('a login that has no lock takes none along when its reason cannot be learnt', async () => {
  const held = await mail.addMailbox();
  const free = [await mail.addMailbox(), await mail.addMailbox()];
  const { token } = await mail.open(held);
  const store = explaining(() => Promise.reject(new StoreError('STORE_TIMEOUT', 'too late')));
  await mail.open(await mail.addMailbox(), { store });
  const { openBatches } = store.stats();
  const refused = mail.open(held, { store });
  const opened = free.map((id) => mail.open(id, { store }));
  await assert.rejects(refused, { code: 'STORE_TIMEOUT' });
  for (const one of await Promise.all(opened)) assert.equal(one.kind, 'opened');
  assert.equal(store.stats().openBatches, openBatches + 1, 'all three were in one batch');
  for (const id of free) assert.equal((await mail.open(id)).kind, 'in-use', 'and is still held');
  await mail.store.close(held, token);
  await store.end();
});

test('clients of one maildrop do not fill the queue of all others', async () => {
  const mailboxId = await mail.addMailbox();
  const other = await mail.addMailbox();
  const { token } = await mail.open(mailboxId);
  const { opens } = mail.store.stats();
  const crowd = Array.from({ length: 200 }, () => mail.open(mailboxId));
  assert.equal((await mail.open(other)).kind, 'opened');
  for (const { kind } of await Promise.all(crowd)) assert.equal(kind, 'in-use');
  const asked = mail.store.stats().opens - opens;
  assert.ok(asked <= opensOfMailboxMax + 1, `${asked} asked the database`);
  await mail.store.close(mailboxId, token);
  const again = await mail.open(mailboxId);
  assert.equal(again.kind, 'opened', 'those that were counted are forgotten');
});
