/**
 * Messages by the API: what is listed, restored, removed and put in, and what the database holds then.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { MailboxId } from '@poplar/store';
import { type ApiFixture, apiFixture } from '../testing/api-fixture.ts';

let api: ApiFixture;
let ownerId: string;
before(async () => {
  // The largest that is refused fits into the kernel's buffers: its sender reads the answer.
  api = await apiFixture({ POPLAR_MESSAGE_OCTETS_MAX: '20000' });
  await api.store.directory.addDomain({ name: 'example.org', undeleteWindowSeconds: 3_600 });
  ownerId = randomUUID();
  await api.store.registerOwner({ ownerId, nodeName: 'n', bootId: randomUUID(), worker: 0 });
});
after(() => api.end());

const letter = 'From: a@example.org\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\n.dot\nbody\n';

async function inject(path: string, body: string, query = '') {
  const headers = { 'content-type': 'message/rfc822' };
  return api.ask({ method: 'POST', path: `/api/v1${path}/messages${query}`, body, headers });
}

async function drop(mailboxId: MailboxId) {
  const [row] = await api.database.query(
    `select d.messages::int as messages, d.octets::int as octets, d.version::int as version,
            (select count(*)::int from message m where m.mailbox_id = d.mailbox_id) as rows,
            (select count(*)::int from message_body b where b.mailbox_id = d.mailbox_id) as bodies
     from maildrop d where d.mailbox_id = $1`,
    [mailboxId],
  );
  return row ?? {};
}

/** As a QUIT does. */
async function flag(mailboxId: MailboxId, messageIds: readonly bigint[]): Promise<void> {
  const token = randomUUID();
  const opened = await api.store.open({
    ...{ mailboxId, actorId: mailboxId, credentialVersion: '1', ownerId, client: '', token },
  });
  assert.equal(opened.kind, 'opened');
  const flagged = await api.store.flag({ mailboxId, token, messageIds });
  assert.equal(flagged.kind, 'flagged');
}

async function mailbox(address: string, letters: number) {
  const mailboxId = await api.store.directory.addMailbox({ address, secret: '$x$' });
  const path = `/mailboxes/${address}`;
  for (let n = 0; n < letters; n += 1) assert.equal((await inject(path, letter)).status, 201);
  const { body } = await api.call('GET', `${path}/messages`);
  const items: readonly { readonly messageId: string }[] = Object(body.items);
  return { mailboxId, path, ids: items.map(({ messageId }) => messageId) };
}

test('a message that is put in is listed with what tells which it is', async () => {
  const { mailboxId, path } = await mailbox('one@example.org', 1);
  const octets = letter.length + letter.split('\n').length - 1;
  const { body } = await api.call('GET', `${path}/messages?header=true`);
  assert.partialDeepStrictEqual(body.items, [
    { octets, deletedAt: null, header: { subject: 'Grüße', from: 'a@example.org', to: null } },
  ]);
  assert.partialDeepStrictEqual(await drop(mailboxId), { messages: 1, octets, bodies: 1 });
  const audit = await api.call('GET', '/audit?address=one@example.org&limit=1');
  assert.partialDeepStrictEqual(audit.body.items, [
    { actor: 'root', action: 'message.inject', detail: { octets } },
  ]);
});

async function messageIdsOf(mailboxId: string): Promise<string[]> {
  const text = 'select message_id::text as id from message where mailbox_id = $1 order by 1';
  return (await api.database.query(text, [mailboxId])).map(({ id }) => String(id));
}

test('the answer to a message that is put in has the id of its row', async () => {
  const { mailboxId, path } = await mailbox('id@example.org', 2);
  const answers = await Promise.all(Array.from({ length: 4 }, () => inject(path, letter)));
  const ids = answers.map(({ body }) => String(body.messageId));
  const rows = await api.database.query(
    `select message_id::text as id, octets::int as octets from message
     where mailbox_id = $1 order by message_id offset 2`,
    [mailboxId],
  );
  assert.deepEqual(
    ids.toSorted((a, b) => Number(a) - Number(b)),
    rows.map(({ id }) => id),
  );
  assert.deepEqual(new Set(answers.map(({ body }) => body.octets)), new Set([rows[0]?.octets]));
  const audited = await api.database.query(
    `select detail->>'messageId' as id from audit
     where action = 'message.inject' and mailbox_id = $1 order by audit_id offset 2`,
    [mailboxId],
  );
  assert.deepEqual(
    audited.map(({ id }) => id),
    rows.map(({ id }) => id),
  );
});

test('flagged messages are restored, and seen by the next session', async () => {
  const { mailboxId, path, ids } = await mailbox('two@example.org', 3);
  await flag(mailboxId, ids.slice(0, 2).map(BigInt));
  const flagged = await api.call('GET', `${path}/messages?flagged=true&limit=1`);
  assert.equal(Object(flagged.body.items).length, 1);
  const next = await api.call('GET', `${path}/messages?flagged=true&cursor=${flagged.body.next}`);
  assert.deepEqual([Object(next.body.items).length, next.body.next], [1, null]);
  const before = await drop(mailboxId);
  assert.equal(before.messages, 1);
  const one = await api.call('POST', `${path}/messages/restore`, { messageIds: [ids[0], ids[2]] });
  assert.deepEqual(one.body, { restored: 1, missing: [] });
  // Without a body it is all of them, as it is with one that names none.
  const rest = await api.call('POST', `${path}/messages/restore`);
  assert.deepEqual([rest.status, rest.body], [200, { restored: 1, missing: [] }]);
  const restored = await drop(mailboxId);
  assert.partialDeepStrictEqual(restored, { messages: 3, rows: 3, bodies: 3 });
  assert.equal(Number(restored.version), Number(before.version) + 2);
  assert.deepEqual((await api.call('POST', `${path}/messages/restore`, {})).body, {
    restored: 0,
    missing: [],
  });
  assert.deepEqual(await drop(mailboxId), restored, 'nothing to restore changes nothing');
  const named = async (messageIds: readonly string[]) =>
    api.call('POST', `${path}/messages/restore`, { messageIds });
  const nowhere = await named(['900001', '900002']);
  assert.deepEqual([nowhere.status, nowhere.body.code], [404, 'message-not-found']);
  // Sent once more: it is there, though nothing is left to be done.
  const [visible = ''] = await messageIdsOf(mailboxId);
  assert.deepEqual((await named([visible, '900001'])).body, { restored: 0, missing: ['900001'] });
  assert.deepEqual((await named([visible])).body, { restored: 0, missing: [] });
  assert.deepEqual(await drop(mailboxId), restored);
});

test('the purge of a QUIT leaves what was restored', async () => {
  const { mailboxId, path, ids } = await mailbox('three@example.org', 2);
  await flag(mailboxId, ids.map(BigInt));
  await api.call('POST', `${path}/messages/restore`, { messageIds: [ids[0]] });
  await api.database.query('update quit_receipt set purge_after = now() where mailbox_id = $1', [
    mailboxId,
  ]);
  await api.store.purge();
  assert.partialDeepStrictEqual(await drop(mailboxId), { messages: 1, rows: 1, bodies: 1 });
});

test('only flagged messages are removed for good, named or not', async () => {
  const { mailboxId, path, ids } = await mailbox('four@example.org', 3);
  await flag(mailboxId, [BigInt(ids[0] ?? '')]);
  const purged = await api.call('POST', `${path}/messages/purge`, { messageIds: ids });
  assert.deepEqual(purged.body, { purged: 1, more: false });
  assert.partialDeepStrictEqual(await drop(mailboxId), { messages: 2, rows: 2, bodies: 2 });
  const none = await api.call('POST', `${path}/messages/purge`, {});
  assert.deepEqual(none.body, { purged: 0, more: false });
});

test('a message that cannot be put in changes nothing', async () => {
  const { mailboxId, path } = await mailbox('five@example.org', 0);
  assert.equal((await inject(path, letter, '?uidl=u1')).status, 201);
  const known = await drop(mailboxId);
  assert.equal((await inject(path, letter, '?uidl=u1')).status, 409);
  assert.equal((await inject(path, letter, '?uidl=a%20b')).status, 400);
  assert.equal((await inject(path, letter, '?receivedAt=yesterday')).status, 400);
  for (const never of ['1969-12-31T23:59:59Z', '0000-01-01T00:00:00Z', '2016-12-31T23:59:60Z']) {
    assert.equal((await inject(path, letter, `?receivedAt=${never}`)).status, 422, never);
  }
  assert.equal((await inject('/mailboxes/nobody@example.org', letter)).status, 404);
  assert.equal((await inject(path, '')).status, 415);
  const typed = await api.call('POST', `${path}/messages`, { a: 1 });
  assert.deepEqual([typed.status, typed.body.detail], [415, 'the body must be message/rfc822']);
  await api.call('PATCH', path, { status: 'suspended' });
  assert.equal((await inject(path, letter)).status, 409);
  assert.deepEqual(await drop(mailboxId), known);
});

test('a message larger than the bound is refused, and the places for messages are free again', async () => {
  const { path } = await mailbox('six@example.org', 0);
  for (let tries = 0; tries < 6; tries += 1) {
    const { status } = await inject(path, 'x'.repeat(30_000));
    assert.equal(status, 413);
  }
  assert.equal((await inject(path, letter)).status, 201);
});

test('a mailbox takes mail up to its quota, its own or that of its domain', async () => {
  const { mailboxId, path } = await mailbox('seven@example.org', 1);
  const { octets } = await drop(mailboxId);
  const quota = (quotaOctets: number | null) => api.call('PATCH', path, { quotaOctets });
  assert.equal((await quota(2 * Number(octets) - 1)).body.quotaOctets, 2 * Number(octets) - 1);
  assert.equal((await inject(path, letter)).status, 422);
  assert.partialDeepStrictEqual(await drop(mailboxId), { messages: 1, rows: 1, bodies: 1 });
  await quota(2 * Number(octets));
  const both = await Promise.all([inject(path, letter), inject(path, letter)]);
  assert.deepEqual(both.map(({ status }) => status).sort(), [201, 422], 'never past it together');
  await quota(null);
  const ofDomain = { quotaOctets: Number(octets) };
  await api.call('PATCH', '/domains/example.org', ofDomain);
  assert.equal((await api.call('GET', path)).body.quotaOctets, octets);
  assert.equal((await inject(path, letter)).status, 422);
  await api.call('PATCH', '/domains/example.org', { quotaOctets: null });
  assert.equal((await inject(path, letter)).status, 201);
  assert.partialDeepStrictEqual(await drop(mailboxId), { messages: 3, rows: 3, bodies: 3 });
});
