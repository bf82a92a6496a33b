import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Login } from './contract.ts';
import { appPasswordsMax, importRowsMax, touchedCredentialsMax } from './limits.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';

let mail: MailFixture;
let count = 0;

before(async () => {
  mail = await mailFixture();
});
after(() => mail.end());

async function address(): Promise<string> {
  count += 1;
  const made = `u${count}@example.org`;
  await mail.store.directory.addMailbox({ address: made, secret: '$x$' });
  return made;
}

async function loginOf(name: string): Promise<Login> {
  const login = await mail.store.findLogin(name);
  assert.ok(login);
  return login;
}

/** Kind and secret of all it logs in with. */
async function secretsOf(name: string): Promise<Record<string, string>> {
  const { credentials } = await loginOf(name);
  return Object.fromEntries(credentials.map(({ kind, secret }) => [kind, secret]));
}

async function actionsOf(subject: string): Promise<unknown[]> {
  const rows = await mail.database.query(
    'select actor, action, detail from audit where subject = $1 order by audit_id',
    [subject],
  );
  return rows.map(({ actor, action, detail }) =>
    Object.keys(Object(detail)).length === 0 ? [actor, action] : [actor, action, detail],
  );
}

test('a new password takes the SCRAM secrets of the old one with it', async () => {
  const { credentials } = mail.store;
  const ann = await address();
  await credentials.setPassword({
    address: ann,
    password: '$1$',
    scramSha1: 's1',
    scramSha256: 's256',
  });
  await credentials.setApopSecret({ address: ann, secret: 'shared' });
  const apop = { apop: 'shared' };
  const all = { password: '$1$', 'scram-sha-1': 's1', 'scram-sha-256': 's256', ...apop };
  assert.deepEqual(await secretsOf(ann), all);
  await credentials.setPassword({ address: ann, password: '$2$', scramSha256: 't256' });
  assert.deepEqual(await secretsOf(ann), { password: '$2$', 'scram-sha-256': 't256', ...apop });
  await credentials.setPassword({ address: ann, password: '$3$' });
  assert.deepEqual(await secretsOf(ann), { password: '$3$', ...apop });
  await credentials.setApopSecret({ address: ann, secret: null });
  assert.deepEqual(await secretsOf(ann), { password: '$3$' });
  assert.equal((await loginOf(ann)).credentialVersion, '6');
  const made = { address: 'with@example.org', secret: '$x$', scramSha1: 's1' };
  await mail.store.directory.addMailbox(made);
  assert.deepEqual(await secretsOf(made.address), { password: '$x$', 'scram-sha-1': 's1' });
});

test('a hash is made anew only while it is the one that was read, and nobody has to log in again', async () => {
  const { credentials } = mail.store;
  const ann = await address();
  const { mailboxId, credentials: read } = await loginOf(ann);
  const [password] = read;
  assert.ok(password);
  const rehash = { mailboxId, credentialId: password.id, oldSecret: '$x$' };
  assert.equal(await credentials.rehash({ ...rehash, newSecret: '$y$' }), true);
  assert.equal(await credentials.rehash({ ...rehash, newSecret: '$z$' }), false);
  assert.deepEqual(await secretsOf(ann), { password: '$y$' });
  assert.equal((await loginOf(ann)).credentialVersion, '1');
  assert.deepEqual((await actionsOf(ann)).at(-1), ['system', 'credential.rehash']);
});

test('SCRAM secrets are added where they are missing, of the current password alone', async () => {
  const { credentials } = mail.store;
  const ann = await address();
  const { mailboxId, credentialVersion } = await loginOf(ann);
  const wanted = { mailboxId, credentialVersion, scramSha1: 's1', scramSha256: 's256' };
  assert.equal(await credentials.addScramSecrets({ ...wanted, scramSha1: null }), 1);
  assert.equal(await credentials.addScramSecrets({ ...wanted, scramSha256: 'other' }), 1);
  const all = { password: '$x$', 'scram-sha-1': 's1', 'scram-sha-256': 's256' };
  assert.deepEqual(await secretsOf(ann), all);
  assert.equal((await loginOf(ann)).credentialVersion, credentialVersion);
  await credentials.setPassword({ address: ann, password: '$y$' });
  assert.equal(await credentials.addScramSecrets(wanted), 0);
  assert.deepEqual(await secretsOf(ann), { password: '$y$' });
});

test('a SCRAM secret that is added while the password changes does not outlive it', async () => {
  const ann = await address();
  const { mailboxId, credentialVersion } = await loginOf(ann);
  const adding = await mail.database.client();
  await adding.query('begin');
  await adding.query('select from mailbox where mailbox_id = $1 for no key update', [mailboxId]);
  const changing = mail.store.credentials.setPassword({ address: ann, password: '$y$' });
  await new Promise((resolve) => setTimeout(resolve, 60));
  await adding.query(
    `insert into credential (mailbox_id, credential_id, kind, secret)
     values ($1, nextval('credential_id_seq'), 'scram-sha-1', 'old')`,
    [mailboxId],
  );
  await adding.query('commit');
  await changing;
  assert.deepEqual(await secretsOf(ann), { password: '$y$' });
  const late = { mailboxId, credentialVersion, scramSha1: 'old' };
  assert.equal(await mail.store.credentials.addScramSecrets(late), 0);
});

test('app passwords are listed without their secrets and revoked one by one', async () => {
  const { credentials } = mail.store;
  const ann = await address();
  const expiresAt = new Date('2100-01-01T00:00:00Z');
  const phone = await credentials.addAppPassword({
    address: ann,
    label: 'phone',
    stored: '$phone$',
    expiresAt,
    actor: 'root',
  });
  const tablet = await credentials.addAppPassword({
    address: ann,
    label: 'tablet',
    stored: '$tablet$',
    expiresAt: null,
  });
  await credentials.addCertificateName({ address: ann, name: 'ann’s laptop' });
  const listed = await credentials.list(ann);
  assert.deepEqual(
    listed.map((row) => [row.kind, row.label, row.certificateName, row.expiresAt, row.lastUsedOn]),
    [
      ['password', '', null, null, null],
      ['app-password', 'phone', null, expiresAt, null],
      ['app-password', 'tablet', null, null, null],
      ['certificate', '', 'ann’s laptop', null, null],
    ],
  );
  assert.doesNotMatch(JSON.stringify(listed), /\$/);
  await credentials.revoke({ address: ann, credentialId: phone });
  assert.deepEqual(
    (await loginOf(ann)).credentials.map(({ secret }) => secret),
    ['$x$', '$tablet$', 'ann’s laptop'],
  );
  const again = credentials.revoke({ address: ann, credentialId: phone });
  await assert.rejects(again, { code: 'NOT_FOUND' });
  const foreign = credentials.revoke({ address: await address(), credentialId: tablet });
  await assert.rejects(foreign, { code: 'NOT_FOUND' });
  assert.equal((await loginOf(ann)).credentialVersion, '5');
  assert.deepEqual((await actionsOf(ann)).slice(1), [
    ['root', 'app-password.add', { credentialId: phone, label: 'phone' }],
    ['system', 'app-password.add', { credentialId: tablet, label: 'tablet' }],
    ['system', 'certificate.add', { credentialId: listed[3]?.credentialId, label: '' }],
    ['system', 'app-password.revoke', { credentialId: phone }],
  ]);
});

test('what cannot be added is told apart', async () => {
  const { credentials } = mail.store;
  const ann = await address();
  await credentials.addCertificateName({ address: ann, name: 'cn' });
  const twice = credentials.addCertificateName({ address: ann, name: 'cn' });
  await assert.rejects(twice, { code: 'CONFLICT' });
  const nobody = credentials.addCertificateName({ address: 'no@example.org', name: 'cn' });
  await assert.rejects(nobody, { code: 'NOT_FOUND' });
  await assert.rejects(credentials.list('no@example.org'), { code: 'NOT_FOUND' });
  const apop = credentials.setApopSecret({ address: 'no@example.org', secret: 'x' });
  await assert.rejects(apop, { code: 'NOT_FOUND' });
  const add = (nth: number) =>
    credentials.addAppPassword({ address: ann, label: '', stored: `$${nth}$`, expiresAt: null });
  const answers = await Promise.allSettled(
    Array.from({ length: appPasswordsMax + 5 }, (_, nth) => add(nth)),
  );
  const full = answers.filter((answer) => answer.status === 'rejected');
  assert.equal(full.length, 5, 'also when they come at once');
  await assert.rejects(add(-1), { code: 'INVALID' });
  assert.equal((await loginOf(ann)).credentialVersion, String(appPasswordsMax + 2));
});

test('with a password go the SCRAM secrets that were made of it', async () => {
  const { credentials } = mail.store;
  const ann = await address();
  await credentials.setPassword({ address: ann, password: '$p$', scramSha1: 's' });
  const stored = '$app$';
  await credentials.addAppPassword({ address: ann, label: '', stored, expiresAt: null });
  const password = (await credentials.list(ann)).find(({ kind }) => kind === 'password');
  await credentials.revoke({ address: ann, credentialId: password?.credentialId ?? '' });
  assert.deepEqual(await secretsOf(ann), { 'app-password': stored });
});

test('use is noted once a day, whoever holds the row', async () => {
  const { credentials } = mail.store;
  const used = await Promise.all(
    [await address(), await address()].map(async (name) => {
      const login = await loginOf(name);
      return { mailboxId: login.mailboxId, credentialId: login.credentials[0]?.id ?? '' };
    }),
  );
  assert.equal(await credentials.touch(used), 2);
  assert.equal(await credentials.touch([...used, ...used]), 0);
  const today = 'update credential set last_used_on = current_date - 1 where mailbox_id = $1';
  await mail.database.query(today, [used[0]?.mailboxId]);
  await mail.database.query(today, [used[1]?.mailboxId]);
  const busy = await mail.database.client();
  await busy.query('begin');
  await busy.query('select from credential where mailbox_id = $1 for update', [used[0]?.mailboxId]);
  assert.equal(await credentials.touch(used), 1, 'a row that is in use is passed over');
  await busy.query('rollback');
  assert.equal(await credentials.touch([]), 0);
  const [one] = used;
  assert.ok(one);
  const many = Array.from({ length: touchedCredentialsMax + 1 }, () => one);
  await assert.rejects(credentials.touch(many), { code: 'INVALID' });
});

test('an import says of each row what became of it', async () => {
  const { credentials, directory } = mail.store;
  const [ann, bob, eve] = [await address(), await address(), await address()];
  await credentials.setPassword({ address: ann, password: '$x$', scramSha1: 's' });
  await credentials.setPassword({ address: bob, password: '$x$', scramSha1: 's' });
  await directory.addLoginName({ address: bob, name: 'alias@example.org' });
  await mail.database.query("update mailbox set status = 'deleting' where address = $1", [eve]);
  const rows = [
    { address: ann, stored: '$new$' },
    { address: bob, stored: '$x$' },
    { address: 'new@example.org', stored: '$n$' },
    { address: 'new@nowhere.test', stored: '$n$' },
    { address: 'alias@example.org', stored: '$n$' },
    { address: ann, stored: '$other$' },
    { address: 'Upper@example.org', stored: '$n$' },
    { address: 'long@example.org', stored: 'x'.repeat(4_097) },
    { address: 'nul@example.org', stored: 'x\0' },
    { address: eve, stored: '$n$' },
  ];
  const outcomes = ['set', 'unchanged', 'no-mailbox', 'no-domain', 'no-mailbox', 'duplicate'];
  const rest = ['invalid', 'invalid', 'invalid', 'no-mailbox'];
  assert.deepEqual(await credentials.import(rows, { create: false }), [...outcomes, ...rest]);
  assert.deepEqual(await secretsOf(ann), { password: '$new$' });
  assert.deepEqual(await secretsOf(bob), { password: '$x$', 'scram-sha-1': 's' });
  assert.equal(await mail.store.findLogin('new@example.org'), null);

  const again = await credentials.import(rows, { create: true, actor: 'root' });
  const later = ['unchanged', 'unchanged', 'created', 'no-domain', 'name-taken', 'duplicate'];
  assert.deepEqual(again, [...later, ...rest]);
  assert.deepEqual(await secretsOf('new@example.org'), { password: '$n$' });
  assert.deepEqual(await actionsOf('new@example.org'), [['root', 'credential.import']]);
  const details = await directory.findMailbox('new@example.org');
  assert.deepEqual([details?.messages, details?.lock], [0, null]);
  assert.deepEqual(await credentials.import([], { create: true }), []);
});

test('a full batch goes in at once, twice at the same time without a deadlock', async () => {
  const { credentials } = mail.store;
  const rows = Array.from({ length: importRowsMax }, (_, nth) => ({
    address: `bulk${nth}@example.org`,
    stored: '$1$',
  }));
  const since = performance.now();
  const created = await credentials.import(rows, { create: true });
  assert.ok(created.every((outcome) => outcome === 'created'));
  assert.ok(performance.now() - since < 5_000);
  const [one, other] = await Promise.all([
    credentials.import(
      rows.map((row) => ({ ...row, stored: '$2$' })),
      { create: false },
    ),
    credentials.import(
      rows.toReversed().map((row) => ({ ...row, stored: '$3$' })),
      {
        create: false,
      },
    ),
  ]);
  assert.ok([...(one ?? []), ...(other ?? [])].every((outcome) => outcome === 'set'));
  const tooMany = [...rows, { address: 'one@example.org', stored: '$1$' }];
  await assert.rejects(credentials.import(tooMany, { create: true }), { code: 'INVALID' });
});
