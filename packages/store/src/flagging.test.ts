import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { LinkPool } from './connection/pool.ts';
import { Flagging } from './flagging.ts';
import { openStore, type Store } from './store.ts';
import { type DatabaseProxy, databaseProxy } from './testing/database-proxy.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';

let mail: MailFixture;
let proxy: DatabaseProxy;
/** Reaches the database through the proxy. */
let remote: Store;

before(async () => {
  mail = await mailFixture();
  proxy = await databaseProxy(mail.database.url);
  remote = openStore({ databaseUrl: proxy.url, lockWaitMs: 0 });
});
after(async () => {
  await remote.end();
  await proxy.end();
  await mail.end();
});

async function opened(messages: number) {
  const mailboxId = await mail.addMailbox();
  for (let nth = 0; nth < messages; nth += 1) await mail.deliver(mailboxId);
  const { token } = await mail.open(mailboxId);
  return { mailboxId, token, messageIds: await mail.visible(mailboxId) };
}

async function receipts(mailboxId: string): Promise<number> {
  const rows = await mail.database.query('select from quit_receipt where mailbox_id = $1', [
    mailboxId,
  ]);
  return rows.length;
}

test('exactly the messages named are flagged, and the lock is free', async () => {
  const { mailboxId, token, messageIds } = await opened(3);
  const [first = 0n, second = 0n, third = 0n] = messageIds;
  const flagged = await mail.store.flag({ mailboxId, token, messageIds: [first, third, 77_777n] });
  assert.deepEqual(flagged, { kind: 'flagged', messages: 2 });
  assert.deepEqual(await mail.visible(mailboxId), [second]);
  const next = await mail.open(mailboxId);
  assert.ok(next.kind === 'opened' && next.messages === 1 && next.version === '5');
});

test('the same QUIT twice is one', async () => {
  const { mailboxId, token, messageIds } = await opened(2);
  const first = await mail.store.flag({ mailboxId, token, messageIds });
  const second = await mail.store.flag({ mailboxId, token, messageIds });
  assert.deepEqual(first, { kind: 'flagged', messages: 2 });
  assert.deepEqual(second, first);
  assert.equal(await receipts(mailboxId), 1);
});

test('messages of another mailbox are not touched', async () => {
  const mine = await opened(1);
  const other = await opened(1);
  const messageIds = [...mine.messageIds, ...other.messageIds];
  const flagged = await mail.store.flag({ ...mine, messageIds });
  assert.deepEqual(flagged, { kind: 'flagged', messages: 1 });
  assert.deepEqual(await mail.visible(other.mailboxId), other.messageIds);
});

test('a message that someone else flagged is neither counted nor claimed', async () => {
  const { mailboxId, token, messageIds } = await opened(2);
  const other = randomUUID();
  await mail.database.query(
    `with gone as (
       update message set deleted_at = now(), deleted_by = $2 where mailbox_id = $1 and message_id = $3
       returning octets)
     update maildrop set messages = messages - 1, octets = maildrop.octets - gone.octets
     from gone where mailbox_id = $1`,
    [mailboxId, other, String(messageIds[0])],
  );
  const flagged = await mail.store.flag({ mailboxId, token, messageIds });
  assert.deepEqual(flagged, { kind: 'flagged', messages: 1 });
  const rows = await mail.database.query(
    'select deleted_by from message where mailbox_id = $1 order by message_id',
    [mailboxId],
  );
  assert.deepEqual(rows, [{ deleted_by: other }, { deleted_by: token }]);
});

test('a token that never held the lock flags nothing', async () => {
  const { mailboxId, messageIds } = await opened(2);
  const answer = await mail.store.flag({ mailboxId, token: randomUUID(), messageIds });
  assert.deepEqual(answer, { kind: 'lock-lost' });
  assert.deepEqual(await mail.visible(mailboxId), messageIds);
  assert.equal(await receipts(mailboxId), 0);
});

test('an empty QUIT releases the lock and leaves nothing to purge', async () => {
  const { mailboxId, token } = await opened(1);
  const answer = await mail.store.flag({ mailboxId, token, messageIds: [] });
  assert.deepEqual(answer, { kind: 'flagged', messages: 0 });
  assert.equal((await mail.open(mailboxId)).kind, 'opened');
});

test('an answer that is lost after the commit is found by its receipt', async () => {
  const request = await opened(2);
  proxy.lose('flag_messages', 'answer');
  assert.deepEqual(await remote.flag(request), { kind: 'flagged', messages: 2 });
  assert.equal(await receipts(request.mailboxId), 1);
  assert.deepEqual(await mail.visible(request.mailboxId), []);
  assert.ok(remote.stats().flagsUnsettled > 0);
});

test('a request that is lost before the server saw it is sent again', async () => {
  const request = await opened(2);
  proxy.lose('flag_messages', 'request');
  proxy.lose('confirm_receipt', 'request');
  assert.deepEqual(await remote.flag(request), { kind: 'flagged', messages: 2 });
  assert.equal(await receipts(request.mailboxId), 1);
});

test('a lock that is taken while the answer is lost is told as lost', async () => {
  const request = await opened(1);
  proxy.lose('flag_messages', 'request');
  const answer = remote.flag(request);
  await mail.database.query('update maildrop_lock set token = $2 where mailbox_id = $1', [
    request.mailboxId,
    randomUUID(),
  ]);
  assert.deepEqual(await answer, { kind: 'lock-lost' });
  assert.deepEqual(await mail.visible(request.mailboxId), request.messageIds);
});

test('a statement that still runs on a lost connection is waited for, not doubled', async () => {
  const request = await opened(1);
  const blocker = await mail.database.client();
  await blocker.query('begin');
  await blocker.query('select from maildrop where mailbox_id = $1 for update', [request.mailboxId]);
  proxy.lose('flag_messages', 'answer');
  const answer = remote.flag(request);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await blocker.query('commit');
  assert.deepEqual(await answer, { kind: 'flagged', messages: 1 });
  assert.equal(await receipts(request.mailboxId), 1);
});

test('what cannot be settled in time is told as unknown', async () => {
  const request = await opened(1);
  const settings = {
    databaseUrl: proxy.url,
    applicationName: 'poplar test',
    pipeline: false,
    synchronousCommit: true,
    statementTimeoutMs: 5_000,
  };
  const pool = new LinkPool(settings, 2);
  const flagging = new Flagging(pool, 300);
  proxy.break();
  await assert.rejects(flagging.flag(request), { code: 'OUTCOME_UNKNOWN' });
  proxy.mend();
  await pool.end();
  assert.deepEqual(await mail.visible(request.mailboxId), request.messageIds);
});

test('100,000 messages are flagged in one QUIT', async () => {
  const { mailboxId, token } = await opened(0);
  await mail.database.query(
    `insert into message (mailbox_id, message_id, guid, octets, wire_octets, header_octets)
     select $1, nextval('message_id_seq'), gen_random_uuid(), 10, 10, 0
     from generate_series(1, 100000)`,
    [mailboxId],
  );
  await mail.database.query(
    'update maildrop set messages = 100000, octets = 1000000 where mailbox_id = $1',
    [mailboxId],
  );
  const snapshot = await mail.store.snapshot(mailboxId, '0');
  const messageIds = [...snapshot.messageIds];
  const answer = await mail.store.flag({ mailboxId, token, messageIds });
  assert.deepEqual(answer, { kind: 'flagged', messages: 100_000 });
  const next = await mail.open(mailboxId);
  assert.ok(next.kind === 'opened' && next.messages === 0);
});
