/**
 * Deliver, open, flag and purge stepped through one another on two real connections: one statement
 * is held open in a transaction of its own while the store does the other.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type pg from 'pg';
import type { MailboxId } from './contract.ts';
import { closeRetryMinMs, lockRetryMinMs } from './limits.ts';
import { type Parameter, Pieces } from './parameter.ts';
import type { Statement } from './statement.ts';
import { deliverMessage } from './statements/deliver-message.ts';
import { flagMessages } from './statements/flag-messages.ts';
import { purgeMessages } from './statements/purge-messages.ts';
import { releaseLocks } from './statements/release-locks.ts';
import { takeLocks } from './statements/take-locks.ts';
import { openStore, type Store } from './store.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';

let mail: MailFixture;
/** Waits for a maildrop that is in use. */
let patient: Store;

before(async () => {
  mail = await mailFixture();
  patient = openStore({ databaseUrl: mail.database.url, lockWaitMs: 5_000 });
});
after(async () => {
  await patient.end();
  await mail.end();
});

const plain = (value: Parameter) => (value instanceof Pieces ? Buffer.concat(value.pieces) : value);

/** Runs a statement of the store in a transaction that stays open. */
async function held<Input, Output>(
  statement: Statement<Input, Output>,
  input: Input,
): Promise<pg.Client> {
  const client = await mail.database.client();
  await client.query('begin');
  await client.query(statement.text, statement.parameters(input).map(plain));
  return client;
}

/** True while the promise has not settled after the others had time to run. */
async function isWaiting(promise: Promise<unknown>, forMs = 60): Promise<boolean> {
  const pause = new Promise((resolve) => setTimeout(resolve, forMs, 'waiting'));
  return (await Promise.race([promise.then(() => 'done'), pause])) === 'waiting';
}

function delivery(mailboxId: MailboxId, body = 'A: b\r\n\r\nheld\r\n') {
  return {
    mailboxIds: [mailboxId],
    guids: [randomUUID()],
    prefixes: [new Uint8Array(0)],
    pieces: [Buffer.from(body)],
    octets: body.length,
    headerOctets: 8,
    uidl: null,
    receivedAt: null,
  };
}

async function counters(mailboxId: MailboxId) {
  const [row] = await mail.database.query(
    `select d.messages::int, d.octets::int, d.version::int,
            (select count(*)::int from message m where m.mailbox_id = d.mailbox_id and deleted_at is null) as rows,
            (select coalesce(sum(octets), 0)::int from message m where m.mailbox_id = d.mailbox_id and deleted_at is null) as sum
     from maildrop d where mailbox_id = $1`,
    [mailboxId],
  );
  assert.equal(row?.messages, row?.rows);
  assert.equal(row?.octets, row?.sum);
  return row;
}

/** A mailbox with two messages, opened under an owner whose lease then ends. */
async function openedByTheDead() {
  const mailboxId = await mail.addMailbox();
  await mail.deliver(mailboxId);
  await mail.deliver(mailboxId);
  const dead = await mail.addOwner();
  const { token } = await mail.open(mailboxId, { ownerId: dead });
  await mail.expireOwner(dead);
  const [first = 0n] = await mail.visible(mailboxId);
  return { mailboxId, token, first };
}

test('a thief that meets a QUIT in its commit gets the state after it', async () => {
  const { mailboxId, token, first } = await openedByTheDead();
  const quit = await held(flagMessages, { mailboxId, token, messageIds: [first] });
  assert.equal((await mail.open(mailboxId)).kind, 'in-use', 'a committing QUIT is not waited for');
  await quit.query('commit');
  const stolen = await mail.open(mailboxId);
  assert.ok(stolen.kind === 'opened' && stolen.messages === 1);
  const snapshot = await mail.store.snapshot(mailboxId, stolen.version);
  assert.deepEqual([...snapshot.messageIds], await mail.visible(mailboxId));
  assert.ok(!snapshot.messageIds.includes(first));
});

for (const [how, left] of [
  ['commit', 1],
  ['rollback', 2],
] as const) {
  test(`a thief that waits for a QUIT gets its outcome: ${how}`, async () => {
    const { mailboxId, token, first } = await openedByTheDead();
    const quit = await held(flagMessages, { mailboxId, token, messageIds: [first] });
    const stealing = mail.open(mailboxId, { store: patient });
    assert.ok(await isWaiting(stealing));
    await quit.query(how);
    const stolen = await stealing;
    assert.ok(stolen.kind === 'opened' && stolen.messages === left);
    const snapshot = await patient.snapshot(mailboxId, stolen.version);
    assert.deepEqual([...snapshot.messageIds], await mail.visible(mailboxId));
    assert.equal(snapshot.messageIds.includes(first), how === 'rollback');
  });
}

test('a QUIT whose lock was taken changes nothing', async () => {
  const { mailboxId, token, first } = await openedByTheDead();
  const stolen = await mail.open(mailboxId);
  assert.equal(stolen.kind, 'opened');
  const before = await counters(mailboxId);
  const answer = await mail.store.flag({ mailboxId, token, messageIds: [first] });
  assert.deepEqual(answer, { kind: 'lock-lost' });
  assert.deepEqual(await counters(mailboxId), before);
  const thief = await mail.store.flag({ mailboxId, token: stolen.token, messageIds: [first] });
  assert.deepEqual(thief, { kind: 'flagged', messages: 1 });
});

test('a QUIT that waits for a thief sees the new token', async () => {
  const { mailboxId, token, first } = await openedByTheDead();
  const thief = await mail.database.client();
  await thief.query('begin');
  await thief.query('update maildrop_lock set token = $2 where mailbox_id = $1', [
    mailboxId,
    randomUUID(),
  ]);
  const quit = mail.store.flag({ mailboxId, token, messageIds: [first] });
  assert.ok(await isWaiting(quit));
  await thief.query('commit');
  assert.deepEqual(await quit, { kind: 'lock-lost' });
  assert.equal((await mail.visible(mailboxId)).length, 2);
});

test('a QUIT of an owner whose lease ended stands while nobody took the lock', async () => {
  const { mailboxId, token, first } = await openedByTheDead();
  const answer = await mail.store.flag({ mailboxId, token, messageIds: [first] });
  assert.deepEqual(answer, { kind: 'flagged', messages: 1 });
});

test('an open does not wait for a delivery and does not see it', async () => {
  const mailboxId = await mail.addMailbox();
  await mail.deliver(mailboxId);
  const arriving = await held(deliverMessage, delivery(mailboxId));
  const opened = await mail.open(mailboxId);
  assert.ok(opened.kind === 'opened' && opened.messages === 1);
  const early = await mail.store.snapshot(mailboxId, opened.version, opened.messages);
  assert.equal(early.count, 1);
  await arriving.query('commit');
  const cached = await mail.store.snapshot(mailboxId, opened.version, opened.messages);
  assert.equal(cached, early, 'the same version is the same list');
  // QUIT removes what was marked, by identity; the newcomer stays.
  const messageIds = [...early.messageIds];
  await mail.store.flag({ mailboxId, token: opened.token, messageIds });
  const [left] = await mail.visible(mailboxId);
  assert.ok(left !== undefined && !messageIds.includes(left));
  assert.equal((await counters(mailboxId))?.messages, 1);
});

test('mail that comes between open and snapshot may be listed, with its own version', async () => {
  const mailboxId = await mail.addMailbox();
  await mail.deliver(mailboxId);
  const opened = await mail.open(mailboxId);
  assert.ok(opened.kind === 'opened');
  await mail.deliver(mailboxId);
  const snapshot = await mail.store.snapshot(mailboxId, opened.version, opened.messages);
  assert.equal(snapshot.count, 2);
  assert.notEqual(snapshot.version, opened.version);
});

test('a QUIT and a delivery at the same time both count', async () => {
  const mailboxId = await mail.addMailbox();
  await mail.deliver(mailboxId);
  const { token } = await mail.open(mailboxId);
  const messageIds = await mail.visible(mailboxId);
  const arriving = await held(deliverMessage, delivery(mailboxId));
  const quit = mail.store.flag({ mailboxId, token, messageIds });
  assert.ok(await isWaiting(quit), 'the counters are locked by the delivery');
  await arriving.query('commit');
  assert.deepEqual(await quit, { kind: 'flagged', messages: 1 });
  assert.equal((await counters(mailboxId))?.messages, 1);

  const opened = await mail.open(mailboxId);
  const rest = await mail.visible(mailboxId);
  const leaving = await held(flagMessages, { mailboxId, token: opened.token, messageIds: rest });
  const delivered = mail.deliver(mailboxId);
  assert.ok(await isWaiting(delivered));
  await leaving.query('commit');
  assert.deepEqual((await delivered).delivered, ['delivered']);
  assert.equal((await counters(mailboxId))?.messages, 1);
});

test('deliveries at the same time both count, in the order of their commits', async () => {
  const mailboxId = await mail.addMailbox();
  const first = await held(deliverMessage, delivery(mailboxId));
  const second = mail.deliver(mailboxId);
  assert.ok(await isWaiting(second));
  await first.query('commit');
  await second;
  const rows = await mail.database.query(
    `select convert_from(body, 'UTF8') as body from message_body where mailbox_id = $1
     order by message_id`,
    [mailboxId],
  );
  assert.match(String(rows[0]?.body), /held/);
  assert.equal((await counters(mailboxId))?.messages, 2);
});

test('a purge beside a session takes nothing the session can see', async () => {
  const mailboxId = await mail.addMailbox();
  for (let nth = 0; nth < 3; nth += 1) await mail.deliver(mailboxId);
  const earlier = await mail.open(mailboxId);
  const [first = 0n] = await mail.visible(mailboxId);
  await mail.store.flag({ mailboxId, token: earlier.token, messageIds: [first] });
  const purge = await held(purgeMessages, { mailboxId, token: earlier.token, messageIds: [first] });
  const opened = await mail.open(mailboxId);
  assert.ok(opened.kind === 'opened' && opened.messages === 2);
  const snapshot = await mail.store.snapshot(mailboxId, opened.version, opened.messages);
  const answer = mail.store.flag({
    mailboxId,
    token: opened.token,
    messageIds: [...snapshot.messageIds],
  });
  assert.deepEqual(await answer, { kind: 'flagged', messages: 2 }, 'the purge is not waited for');
  await purge.query('commit');
  assert.equal((await counters(mailboxId))?.messages, 0);
});

/** Two messages, the first of which is flagged and due to be purged. */
async function halfFlagged() {
  const mailboxId = await mail.addMailbox();
  await mail.deliver(mailboxId);
  await mail.deliver(mailboxId);
  const { token } = await mail.open(mailboxId);
  const [first = 0n, second = 0n] = await mail.visible(mailboxId);
  await mail.store.flag({ mailboxId, token, messageIds: [first] });
  return { mailboxId, token, first, second };
}

async function storedIds(mailboxId: MailboxId): Promise<{ rows: bigint[]; bodies: bigint[] }> {
  const ids = async (table: string) => {
    const where = 'where mailbox_id = $1 order by message_id';
    const rows = await mail.database.query(`select message_id from ${table} ${where}`, [mailboxId]);
    return rows.map((row) => BigInt(String(row.message_id)));
  };
  return { rows: await ids('message'), bodies: await ids('message_body') };
}

test('a delivery does not wait for a purge, which does not see it', async () => {
  const { mailboxId, token, first, second } = await halfFlagged();
  const purge = await held(purgeMessages, { mailboxId, token, messageIds: [first] });
  const { delivered } = await mail.deliver(mailboxId);
  assert.deepEqual(delivered, ['delivered'], 'the purge is not waited for');
  const visible = await mail.visible(mailboxId);
  await purge.query('commit');
  assert.deepEqual(visible.slice(0, 1), [second]);
  assert.deepEqual(await storedIds(mailboxId), { rows: visible, bodies: visible });
  assert.equal((await counters(mailboxId))?.messages, 2);
});

test('a purge does not wait for a delivery, and takes nothing of it', async () => {
  const { mailboxId, token, first, second } = await halfFlagged();
  const arriving = await held(deliverMessage, delivery(mailboxId));
  const purge = held(purgeMessages, { mailboxId, token, messageIds: [first] });
  assert.equal(await isWaiting(purge), false, 'the delivery is not waited for');
  await (await purge).query('commit');
  assert.deepEqual(await storedIds(mailboxId), { rows: [second], bodies: [second] });
  await arriving.query('commit');
  const visible = await mail.visible(mailboxId);
  assert.equal(visible.length, 2);
  assert.deepEqual(await storedIds(mailboxId), { rows: visible, bodies: visible });
  assert.equal((await counters(mailboxId))?.messages, 2);
});

/** What `open` asks for, as a statement of its own. */
async function lockRequest(mailboxId: MailboxId) {
  const { ownerId } = mail;
  const epochs = 'select epoch::text from owner where owner_id = $1';
  const [row] = await mail.database.query(epochs, [ownerId]);
  const epoch = String(row?.epoch);
  const asked = { mailboxId, actorId: mailboxId, credentialVersion: '1', ownerId };
  return { ...asked, token: randomUUID(), epoch };
}

test('a delivery does not wait for an open, whose session may list it', async () => {
  const mailboxId = await mail.addMailbox();
  await mail.deliver(mailboxId);
  const opening = await held(takeLocks, [await lockRequest(mailboxId)]);
  const { delivered } = await mail.deliver(mailboxId);
  assert.deepEqual(delivered, ['delivered'], 'the open is not waited for');
  await opening.query('commit');
  assert.equal((await mail.open(mailboxId)).kind, 'in-use');
  assert.equal((await counters(mailboxId))?.messages, 2);
});

test('an open that meets a close is told in-use, or waits and gets the maildrop', async () => {
  const mailboxId = await mail.addMailbox();
  const { token } = await mail.open(mailboxId);
  const closing = await held(releaseLocks, [{ mailboxId, token }]);
  assert.equal((await mail.open(mailboxId)).kind, 'in-use', 'a close is not waited for');
  const waiting = mail.open(mailboxId, { store: patient });
  assert.ok(await isWaiting(waiting));
  await closing.query('commit');
  assert.equal((await waiting).kind, 'opened');
});

test('an open that meets a close which rolls back does not get the maildrop', async () => {
  const mailboxId = await mail.addMailbox();
  const { token } = await mail.open(mailboxId);
  const closing = await held(releaseLocks, [{ mailboxId, token }]);
  const waiting = mail.open(mailboxId, { store: patient });
  assert.ok(await isWaiting(waiting));
  await closing.query('rollback');
  assert.equal((await mail.open(mailboxId)).kind, 'in-use');
  // Longer than the first pauses of the one that waits.
  assert.ok(await isWaiting(waiting, lockRetryMinMs * 4));
  await mail.store.close(mailboxId, token);
  assert.equal((await waiting).kind, 'opened');
});

test('a close that meets a thief in his commit leaves him the lock', async () => {
  const { mailboxId, token } = await openedByTheDead();
  const request = await lockRequest(mailboxId);
  const thief = await held(takeLocks, [request]);
  const closed = mail.store.close(mailboxId, token);
  assert.equal(await isWaiting(closed), false, 'nobody waits for the thief');
  await thief.query('commit');
  // Longer than the first pause before a close is tried again.
  await new Promise((resolve) => setTimeout(resolve, closeRetryMinMs * 3));
  const [row] = await mail.database.query('select token from maildrop_lock where mailbox_id = $1', [
    mailboxId,
  ]);
  assert.equal(row?.token, request.token);
});

test('a grant made since an open began is not taken for one of the dead', async () => {
  const mailboxId = await mail.addMailbox();
  const dead = await mail.addOwner();
  assert.equal((await mail.open(mailboxId, { ownerId: dead })).kind, 'opened');
  await mail.expireOwner(dead);
  // A statement that saw the lock of the dead, and gets the row only after someone else has it:
  // pg_sleep holds it between its snapshot and its lock.
  const slow = await mail.database.client();
  const paused = takeLocks.text.replace('from unnest', 'from pg_sleep(0.3), unnest');
  const request = await lockRequest(mailboxId);
  const late = slow.query(paused, takeLocks.parameters([request]).map(plain));
  await new Promise((resolve) => setTimeout(resolve, 100));
  // Unknown to the slow statement's snapshot: it must not look like a lock without an owner.
  const newcomer = await mail.addOwner();
  assert.equal((await mail.open(mailboxId, { ownerId: newcomer })).kind, 'opened');
  assert.equal((await late).rowCount, 0);
});
