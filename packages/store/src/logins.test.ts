/**
 * Looking names up, remembering them, and opening what they may open: what ends a right ends it at
 * the next `open`, however it was remembered.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { KnownLogin, OpenResult } from './contract.ts';
import { openStore } from './store.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';

let mail: MailFixture;
let count = 0;

before(async () => {
  mail = await mailFixture();
});
after(() => mail.end());

async function address(domain = 'example.org'): Promise<string> {
  count += 1;
  const made = `u${count}@${domain}`;
  await mail.store.directory.addMailbox({ address: made, secret: '$x$' });
  return made;
}

/** Opens what a login may, as the front end would. */
async function open(login: KnownLogin | null): Promise<OpenResult & { token: string }> {
  assert.ok(login);
  const { mailboxId: actorId, credentialVersion, target } = login;
  return mail.open(target?.mailboxId ?? actorId, { actorId, credentialVersion });
}

async function kindOf(login: KnownLogin | null): Promise<string> {
  assert.ok(login);
  const opened = await open(login);
  await mail.store.close(login.target?.mailboxId ?? login.mailboxId, opened.token);
  return opened.kind;
}

test('an alias logs in as its mailbox, and takes no mail', async () => {
  const { store } = mail;
  const ann = await address();
  await store.directory.addLoginName({ address: ann, name: 'annie' });
  const login = await store.findLogin('annie');
  assert.deepEqual([login?.address, login?.credentialVersion], [ann, '1']);
  assert.deepEqual(await store.findRecipient('annie'), { kind: 'unknown' });
  assert.deepEqual(await store.directory.listLoginNames(ann), ['annie', ann]);
  await store.directory.removeLoginName({ address: ann, name: 'annie' });
  assert.equal(await store.findLogin('annie'), null);
});

test('names are nobody else’s, and an address is no alias that could go', async () => {
  const { directory } = mail.store;
  const [ann, bob] = [await address(), await address()];
  await directory.addLoginName({ address: ann, name: 'taken' });
  await assert.rejects(directory.addLoginName({ address: bob, name: 'taken' }), {
    code: 'CONFLICT',
  });
  await assert.rejects(directory.addLoginName({ address: bob, name: ann }), { code: 'CONFLICT' });
  await assert.rejects(directory.addLoginName({ address: 'x@y', name: 'z' }), {
    code: 'NOT_FOUND',
  });
  await assert.rejects(directory.addLoginName({ address: bob, name: 'Not canonical' }), {
    code: 'INVALID',
  });
  for (const name of [bob, 'taken', 'absent']) {
    await assert.rejects(directory.removeLoginName({ address: bob, name }), { code: 'NOT_FOUND' });
  }
});

test('a name with NUL is unknown and harms nobody in its batch', async () => {
  const ann = await address();
  const [bad, worse, good] = await Promise.all([
    mail.store.findLogin(`${ann}\0`),
    mail.store.findLogin(ann, 'b\0'),
    mail.store.findLogin(ann),
  ]);
  assert.deepEqual([bad, worse, good?.address], [null, null, ann]);
});

test('another maildrop is given with a grant only, by any of its names', async () => {
  const { store } = mail;
  const [ann, bob] = [await address(), await address()];
  await store.directory.addLoginName({ address: bob, name: 'bobby' });
  assert.equal((await store.findLogin(ann, bob))?.target, null);
  await store.directory.addGrant({ address: bob, grantee: ann });
  const login = await store.findLogin(ann, 'bobby');
  assert.equal(login?.target?.address, bob);
  assert.equal(login?.address, ann);
  assert.equal((await store.findLogin(bob, ann))?.target, null, 'not the other way round');
  assert.equal((await store.findLogin(ann, ann))?.target?.address, ann, 'its own needs none');
  assert.equal((await store.findLogin(ann, 'nobody'))?.target, null);
  assert.equal((await store.findLogin(ann))?.target, null);
  assert.equal((await store.findLogin(ann, ''))?.target, null);
  assert.equal(await kindOf(login), 'opened');
});

test('a batch of all kinds of requests gives each its own answer', async () => {
  const { store } = mail;
  const [ann, bob, eve] = [await address(), await address(), await address()];
  await store.directory.addGrant({ address: bob, grantee: ann });
  await store.credentials.addAppPassword({
    address: ann,
    label: 'phone',
    stored: '$y$',
    expiresAt: null,
  });
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => [
      store.findLogin(ann, bob),
      store.findLogin('nobody'),
      store.findLogin(eve, bob),
      store.findLogin(ann),
    ]).flat(),
  );
  answers.forEach((login, index) => {
    const of = index % 4;
    assert.equal(login?.address, [ann, undefined, eve, ann][of]);
    assert.equal(login?.target?.address, of === 0 ? bob : undefined);
    assert.equal(login?.credentials.length, [2, undefined, 1, 2][of]);
  });
});

test('a master user opens a domain or all of them', async () => {
  const { store } = mail;
  await store.directory.addDomain({ name: 'one.test' });
  await store.directory.addDomain({ name: 'two.test' });
  const [one, two] = [await address('one.test'), await address('two.test')];
  const root = await address();
  const targets = async () => {
    const found = await Promise.all([one, two].map((name) => store.findLogin(root, name)));
    return found.map((login) => login?.target?.address ?? null);
  };
  const grant = { grantee: root, domain: 'one.test' };
  await store.directory.addMasterGrant(grant);
  assert.deepEqual(await targets(), [one, null]);
  await store.directory.addMasterGrant({ grantee: root, domain: null });
  await assert.rejects(store.directory.addMasterGrant({ grantee: root, domain: null }), {
    code: 'CONFLICT',
  });
  await store.directory.removeMasterGrant(grant);
  assert.deepEqual(await targets(), [one, two]);
  assert.equal(await kindOf(await store.findLogin(root, two)), 'opened');
  await store.directory.removeMasterGrant({ grantee: root, domain: null });
  assert.deepEqual(await targets(), [null, null]);
});

test('expiry is told in seconds', async () => {
  const ann = await address();
  const expiresAt = new Date(Date.now() + 3_600_000);
  const stored = '$y$';
  await mail.store.credentials.addAppPassword({ address: ann, label: 'x', stored, expiresAt });
  const login = await mail.store.findLogin(ann);
  const seconds = login?.credentials.map(({ expiresInSeconds }) => expiresInSeconds) ?? [];
  assert.equal(seconds[0], null);
  assert.ok(seconds[1] !== null && Math.abs(Number(seconds[1]) - 3_600) < 60);
});

test('a warm login is known at once, and dies at open with what it was of', async () => {
  const { store } = mail;
  const { directory, credentials } = store;
  const setUp = async () => {
    const [ann, bob] = [await address(), await address()];
    const alias = `alias-of-${ann}`;
    await directory.addLoginName({ address: ann, name: alias });
    await directory.addGrant({ address: bob, grantee: ann });
    assert.equal(store.knownLogin(alias, bob), null);
    const found = await store.findLogin(alias, bob);
    const { credentials: _, ...known } = found ?? { credentials: [] };
    assert.deepEqual(store.knownLogin(alias, bob), known);
    assert.equal(await kindOf(store.knownLogin(alias, bob)), 'opened');
    return { ann, bob, alias };
  };
  type Names = Awaited<ReturnType<typeof setUp>>;
  const ends: Record<string, (names: Names) => Promise<unknown>> = {
    'a new password': ({ ann }) => credentials.setPassword({ address: ann, password: '$y$' }),
    'a grant revoked': ({ ann, bob }) => directory.removeGrant({ address: bob, grantee: ann }),
    'a grant added': ({ ann }) => directory.addMasterGrant({ grantee: ann, domain: null }),
    'an app password': ({ ann }) =>
      credentials.addAppPassword({ address: ann, label: '', stored: '$z$', expiresAt: null }),
    'an APOP secret': ({ ann }) => credentials.setApopSecret({ address: ann, secret: 'z' }),
    'a certificate': ({ ann }) => credentials.addCertificateName({ address: ann, name: 'cn' }),
    'an alias removed': ({ ann, alias }) =>
      directory.removeLoginName({ address: ann, name: alias }),
    'POP3 off': ({ ann }) => directory.setMailboxPop3({ address: ann, enabled: false }),
    suspended: ({ ann }) => directory.setMailboxStatus({ address: ann, status: 'suspended' }),
  };
  for (const [what, end] of Object.entries(ends)) {
    const names = await setUp();
    await end(names);
    const known = store.knownLogin(names.alias, names.bob);
    assert.equal(await kindOf(known), 'stale-credentials', what);
    store.forgetLogin(names.alias, names.bob);
    assert.equal(store.knownLogin(names.alias, names.bob), null);
  }
});

test('what others do to their own maildrop is seen by open itself', async () => {
  const { store } = mail;
  const { directory } = store;
  await directory.addDomain({ name: 'three.test' });
  const [ann, bob] = [await address('three.test'), await address()];
  await directory.addGrant({ address: bob, grantee: ann });
  await store.findLogin(ann, bob);
  const warm = () => kindOf(store.knownLogin(ann, bob));
  await directory.setMailboxPop3({ address: bob, enabled: false });
  assert.equal(await warm(), 'disabled');
  await directory.setMailboxPop3({ address: bob, enabled: true });
  assert.equal(await warm(), 'opened', 'bob’s version is not ann’s');
  await directory.setMailboxStatus({ address: bob, status: 'suspended' });
  assert.equal(await warm(), 'disabled');
  await directory.setMailboxStatus({ address: bob, status: 'active' });
  await directory.setDomain({ name: 'three.test', pop3Enabled: false });
  assert.equal(await warm(), 'disabled', 'the domain of the actor');
  assert.equal((await store.findLogin(ann))?.enabled, false);
  await directory.setDomain({ name: 'three.test', pop3Enabled: true });
  assert.equal((await store.findLogin(ann))?.enabled, true);
});

test('versions are the actor’s: that of the maildrop opens nothing', async () => {
  const [ann, bob] = [await address(), await address()];
  const { directory } = mail.store;
  await directory.setMailboxStatus({ address: bob, status: 'active' });
  await directory.addGrant({ address: bob, grantee: ann });
  await directory.setMailboxStatus({ address: ann, status: 'active' });
  const login = await mail.store.findLogin(ann, bob);
  assert.ok(login?.target);
  const bobs = { actorId: login.mailboxId, credentialVersion: '2' };
  assert.equal((await mail.open(login.target.mailboxId, bobs)).kind, 'stale-credentials');
  assert.equal(await kindOf(login), 'opened');
});

test('a reconnection forgets all logins', async () => {
  const store = openStore({ databaseUrl: mail.database.url, applicationName: 'cut' });
  const ann = await address();
  await store.findLogin(ann);
  assert.equal(store.stats().loginsKept, 1);
  await mail.database.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cut'",
  );
  while (store.knownLogin(ann) !== null) await new Promise((resolve) => setTimeout(resolve, 10));
  await store.end();
});

test('a domain’s login delay holds from one opening to the next', async () => {
  const { store } = mail;
  await store.directory.addDomain({ name: 'slow.test' });
  await store.directory.setDomain({ name: 'slow.test', loginDelaySeconds: 90.5 });
  const ann = await address('slow.test');
  const login = await store.findLogin(ann);
  assert.ok(login);
  const first = await open(login);
  assert.ok(first.kind === 'opened' && first.loginDelaySeconds === 91);
  assert.equal((await open(login)).kind, 'in-use', 'as long as somebody has it');
  await store.close(login.mailboxId, first.token);
  assert.equal((await open(login)).kind, 'login-delay');
  const locks = 'select token from maildrop_lock where mailbox_id = $1';
  assert.deepEqual(await mail.database.query(locks, [login.mailboxId]), [{ token: null }]);
  await store.directory.setMailboxStatus({ address: ann, status: 'suspended' });
  assert.equal((await open(login)).kind, 'stale-credentials', 'the worse reason is told');
  await store.directory.setMailboxStatus({ address: ann, status: 'active' });
  await mail.database.query(
    "update maildrop_lock set granted_at = now() - interval '91 s' where mailbox_id = $1",
    [login.mailboxId],
  );
  assert.equal(await kindOf(await store.findLogin(ann)), 'opened');
});

test('a session that died counts as an opening: its maildrop is free, but too soon', async () => {
  const { store } = mail;
  await store.directory.addDomain({ name: 'dead.test' });
  await store.directory.setDomain({ name: 'dead.test', loginDelaySeconds: 60 });
  const login = await store.findLogin(await address('dead.test'));
  assert.ok(login);
  const dying = await mail.addOwner();
  const token = randomUUID();
  await mail.open(login.mailboxId, { ownerId: dying, token });
  await mail.expireOwner(dying);
  assert.equal((await open(login)).kind, 'login-delay');
});
