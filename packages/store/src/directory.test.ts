import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { pageRowsMax } from './limits.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';

let mail: MailFixture;

before(async () => {
  mail = await mailFixture();
});
after(() => mail.end());

test('a mailbox that was added can be found by its login and its address', async () => {
  const { store } = mail;
  await store.directory.addDomain({ name: 'one.example' });
  const mailboxId = await store.directory.addMailbox({ address: 'ann@one.example', secret: '$a$' });
  const { credentialsDigest, ...login } = (await store.findLogin('ann@one.example')) ?? {};
  assert.match(String(credentialsDigest), /^[A-Za-z0-9+/]{22}$/);
  assert.deepEqual(login, {
    mailboxId,
    address: 'ann@one.example',
    credentialVersion: '1',
    enabled: true,
    target: null,
    credentials: [{ id: '1', kind: 'password', secret: '$a$', expiresInSeconds: null }],
  });
  const found = { kind: 'mailbox', mailboxId, address: 'ann@one.example' };
  assert.deepEqual(await store.findRecipient('ann@one.example'), found);
  assert.equal(await store.findLogin('bob@one.example'), null);
  assert.deepEqual(await store.findRecipient('bob@one.example'), { kind: 'unknown' });
});

test('what exists, what is missing and what is not canonical is refused', async () => {
  const { store } = mail;
  await store.directory.addDomain({ name: 'two.example' });
  await store.directory.addMailbox({ address: 'ann@two.example', secret: null });
  const again = store.directory.addMailbox({ address: 'ann@two.example', secret: null });
  await assert.rejects(again, { code: 'CONFLICT' });
  await assert.rejects(store.directory.addDomain({ name: 'two.example' }), { code: 'CONFLICT' });
  const nowhere = store.directory.addMailbox({ address: 'ann@none.example', secret: null });
  await assert.rejects(nowhere, { code: 'NOT_FOUND' });
  await assert.rejects(store.credentials.setPassword({ address: 'x@two.example', password: 'y' }), {
    code: 'NOT_FOUND',
  });
  for (const name of ['Two.example', 'a b', '', 'a@b', 'x\u0000y']) {
    await assert.rejects(store.directory.addDomain({ name }), { code: 'INVALID' });
  }
  for (const local of ['Ann', 'a b', 'a\tb', '']) {
    const address = `${local}@two.example`;
    await assert.rejects(store.directory.addMailbox({ address, secret: null }), {
      code: 'INVALID',
    });
  }
});

test('a failure says nothing of the secret', async () => {
  const { store } = mail;
  const secret = 'hush'.repeat(2_000);
  await store.directory.addDomain({ name: 'three.example' });
  const error: unknown = await store.directory
    .addMailbox({ address: 'ann@three.example', secret })
    .catch((reason: unknown) => reason);
  assert.ok(error instanceof Error && error.cause instanceof Error);
  const told = `${error.stack} ${error.cause.stack} ${JSON.stringify(error)}`;
  assert.ok(!told.includes('hush'));
  assert.equal(
    await store.directory.findMailbox('ann@three.example'),
    null,
    'nothing of it was kept',
  );
});

test('a new password and a new status bump the version and are audited', async () => {
  const { store } = mail;
  await store.directory.addDomain({ name: 'four.example' });
  const address = 'ann@four.example';
  await store.directory.addMailbox({ address, secret: '$a$', actor: 'root' });
  await store.credentials.setPassword({ address, password: '$b$', actor: 'root' });
  const login = await store.findLogin(address);
  assert.equal(login?.credentialVersion, '2');
  assert.deepEqual(
    login?.credentials.map(({ kind, secret }) => [kind, secret]),
    [['password', '$b$']],
  );
  await store.directory.setMailboxStatus({ address, status: 'suspended' });
  assert.equal((await store.findLogin(address))?.enabled, false);
  assert.deepEqual(await store.findRecipient(address), { kind: 'suspended' });
  const audit = await mail.database.query(
    'select actor, action from audit where subject = $1 order by audit_id',
    [address],
  );
  assert.deepEqual(audit, [
    { actor: 'root', action: 'mailbox.add' },
    { actor: 'root', action: 'mailbox.passwd' },
    { actor: 'system', action: 'mailbox.suspended' },
  ]);
});

test('expired credentials are not given out, and a mailbox without any is still known', async () => {
  const { store } = mail;
  await store.directory.addDomain({ name: 'five.example' });
  const address = 'ann@five.example';
  const mailboxId = await store.directory.addMailbox({ address, secret: '$a$' });
  await mail.database.query(
    `insert into credential (mailbox_id, credential_id, kind, secret, expires_at)
     values ($1, 901, 'app-password', '$c$', now() + interval '1 hour'),
            ($1, 902, 'app-password', '$d$', now() - interval '1 second')`,
    [mailboxId],
  );
  const kinds = (await store.findLogin(address))?.credentials.map(({ secret }) => secret).sort();
  assert.deepEqual(kinds, ['$a$', '$c$']);
  await mail.database.query('delete from credential where mailbox_id = $1', [mailboxId]);
  assert.deepEqual((await store.findLogin(address))?.credentials, []);
});

test('a mailbox is shown with its counters and who has it open', async () => {
  const { store } = mail;
  const mailboxId = await mail.addMailbox();
  const address = String(
    (await store.directory.listMailboxes({ limit: 1_000 })).find(
      (row) => row.mailboxId === mailboxId,
    )?.address,
  );
  await mail.deliver(mailboxId);
  assert.equal((await store.directory.findMailbox(address))?.lock, null);
  const { token } = await mail.open(mailboxId);
  const details = await store.directory.findMailbox(address);
  assert.equal(details?.messages, 1);
  assert.equal(details?.lock?.nodeName, 'node-1');
  assert.equal(details?.lock?.alive, true);
  assert.ok(details?.lock?.since instanceof Date);
  await store.close(mailboxId, token);
  assert.equal((await store.directory.findMailbox(address))?.lock, null);
});

test('lists come in pages', async () => {
  const { store } = mail;
  await store.directory.addDomain({ name: 'six.example', undeleteWindowSeconds: 86_400 });
  for (const local of ['c', 'a', 'b']) {
    await store.directory.addMailbox({ address: `${local}@six.example`, secret: null });
  }
  const first = await store.directory.listMailboxes({ domain: 'six.example', limit: 2 });
  assert.deepEqual(
    first.map((row) => row.address),
    ['a@six.example', 'b@six.example'],
  );
  const after = 'b@six.example';
  const second = await store.directory.listMailboxes({ domain: 'six.example', limit: 2, after });
  assert.deepEqual(
    second.map((row) => row.address),
    ['c@six.example'],
  );
  const domains = await store.directory.listDomains({ after: 'six', limit: 1 });
  const six = { name: 'six.example', undeleteWindowSeconds: 86_400, mailboxes: 3 };
  const settingsVersion = domains[0]?.settingsVersion;
  assert.match(settingsVersion ?? '', /^\d+-\d+$/);
  assert.deepEqual(domains, [
    { ...six, pop3Enabled: true, loginDelaySeconds: 0, quotaOctets: null, settingsVersion },
  ]);
  await assert.rejects(store.directory.listDomains({ limit: pageRowsMax + 1 }), {
    code: 'INVALID',
  });
});

test('stored messages are listed with their flags', async () => {
  const mailboxId = await mail.addMailbox();
  await mail.deliver(mailboxId);
  await mail.deliver(mailboxId);
  const { token } = await mail.open(mailboxId);
  const [first = 0n] = await mail.visible(mailboxId);
  await mail.store.flag({ mailboxId, token, messageIds: [first] });
  const [flagged] = await mail.store.directory.messagesOf({ mailboxId, limit: 1 });
  assert.equal(flagged?.messageId, first);
  assert.ok(flagged?.deletedAt instanceof Date);
  const [next] = await mail.store.directory.messagesOf({ mailboxId, limit: 1, after: first });
  assert.equal(next?.deletedAt, null);
});

test('the message that has a UIDL is compared by its body and shows its header', async () => {
  const mailboxId = await mail.addMailbox();
  const [header, body] = ['Subject: x\r\n\r\n', '..y\r\n'].map((text) => Buffer.from(text));
  assert.ok(header && body);
  await mail.store.deliver({
    deliveries: [{ mailboxId, prefix: Buffer.from('A: b\r\n') }],
    pieces: [header, body],
    octets: header.length + body.length - 1,
    headerOctets: header.length,
    uidl: 'u1',
  });
  const ask = (uidl: string, wanted: Buffer) => {
    const bodyDigest = createHash('sha256').update(wanted).digest();
    return mail.store.directory.findByUidl({
      mailboxId,
      uidl,
      bodyOctets: wanted.length,
      bodyDigest,
    });
  };
  assert.equal(await ask('u2', body), null);
  assert.deepEqual(await ask('u1', Buffer.from('..z\r\n')), { kind: 'other-body' });
  assert.deepEqual(await ask('u1', Buffer.from('y\r\n')), { kind: 'other-body' });
  const holder = await ask('u1', body);
  assert.ok(holder?.kind === 'same-body');
  assert.equal(Buffer.from(holder.header).toString(), 'A: b\r\nSubject: x\r\n\r\n');
});

test('owners are registered, renewed, removed and reaped', async () => {
  const { store, database } = mail;
  const bootId = randomUUID();
  const owners = [0, 1].map((worker) => ({
    ownerId: randomUUID(),
    nodeName: 'n7',
    bootId,
    worker,
    version: '1.2.3',
  }));
  for (const owner of owners) await store.registerOwner(owner);
  const [first, second] = owners;
  assert.ok(first && second);
  const listed = (await store.listOwners()).filter((owner) => owner.nodeName === 'n7');
  assert.deepEqual(
    listed.map((owner) => [owner.worker, owner.alive]),
    [
      [0, true],
      [1, true],
    ],
  );
  await store.removeOwner(second.ownerId);
  const renew = (...workers: { ownerId: string; sessions: number }[]) =>
    store.renewOwners({ workers, draining: true });
  const renewed = { ownerId: first.ownerId, lapsed: false, drainWanted: false };
  const both = [
    { ownerId: first.ownerId, sessions: 7 },
    { ownerId: second.ownerId, sessions: 1 },
  ];
  assert.deepEqual(await renew(...both), [renewed]);
  assert.deepEqual(await renew(), []);
  const [told] = (await store.listOwners()).filter((owner) => owner.nodeName === 'n7');
  assert.deepEqual(
    [told?.sessions, told?.draining, told?.version, told?.leaseAgeSeconds],
    [7, true, '1.2.3', 0],
  );
  await mail.expireOwner(first.ownerId);
  assert.deepEqual(await renew({ ownerId: first.ownerId, sessions: 0 }), [
    { ...renewed, lapsed: true },
  ]);
  assert.equal(await store.reapOwners(), 0);
  await database.query(
    "update owner set lease_until = now() - interval '61 minutes' where owner_id = $1",
    [first.ownerId],
  );
  assert.equal(await store.reapOwners(), 1);
  await store.registerOwner(first);
  assert.equal(await store.removeOwnersOfNode('n7', bootId), 0);
  assert.equal(await store.removeOwnersOfNode('n7', randomUUID()), 1);
});
