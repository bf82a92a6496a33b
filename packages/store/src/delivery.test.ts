import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { MailboxId } from './contract.ts';
import { deliveriesMax } from './limits.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';

let mail: MailFixture;

before(async () => {
  mail = await mailFixture();
});
after(() => mail.end());

const text = 'Subject: x\r\n\r\n..dot\r\n';
const message = { pieces: [Buffer.from(text)], octets: text.length - 1, headerOctets: 14 };

const to = (mailboxId: MailboxId, prefix = '') => ({ mailboxId, prefix: Buffer.from(prefix) });

async function rowsOf(mailboxId: MailboxId) {
  return mail.database.query(
    `select m.octets::int, m.wire_octets::int, m.header_octets::int, m.uidl, m.guid, m.received_at,
            convert_from(b.body, 'UTF8') as body
     from message m join message_body b using (mailbox_id, message_id)
     where m.mailbox_id = $1 order by m.message_id`,
    [mailboxId],
  );
}

test('each recipient has a copy with its own prefix and sizes that include it', async () => {
  const first = await mail.addMailbox();
  const second = await mail.addMailbox();
  const prefix = 'Delivered-To: a\r\n';
  const deliveries = [to(first, prefix), to(second)];
  const { delivered } = await mail.store.deliver({ ...message, deliveries });
  assert.deepEqual(delivered, ['delivered', 'delivered']);
  const [own] = await rowsOf(first);
  const [plain] = await rowsOf(second);
  assert.equal(own?.body, prefix + text);
  assert.equal(own?.octets, prefix.length + text.length - 1);
  assert.equal(own?.wire_octets, prefix.length + text.length);
  assert.equal(own?.header_octets, prefix.length + 14);
  assert.equal(plain?.body, text);
  assert.equal(plain?.octets, text.length - 1);
  assert.notEqual(own?.guid, plain?.guid);
  const snapshot = await mail.store.snapshot(first, '0');
  assert.equal(snapshot.totalOctets, prefix.length + text.length - 1);
});

test('mailboxes that are gone or not active take nothing, the others do', async () => {
  const active = await mail.addMailbox();
  const suspended = await mail.addMailbox();
  await mail.database.query("update mailbox set status = 'suspended' where mailbox_id = $1", [
    suspended,
  ]);
  const deliveries = [to('424242' as MailboxId), to(active), to(suspended)];
  const { delivered } = await mail.store.deliver({ ...message, deliveries });
  assert.deepEqual(delivered, ['no-mailbox', 'delivered', 'no-mailbox']);
  assert.equal((await rowsOf(active)).length, 1);
  assert.equal((await rowsOf(suspended)).length, 0);
});

test('a UIDL that is there already is not stored twice and does not fail the others', async () => {
  const first = await mail.addMailbox();
  const second = await mail.addMailbox();
  const uidl = 'old-server-0001';
  await mail.store.deliver({ ...message, uidl, deliveries: [to(first)] });
  const deliveries = [to(first), to(second)];
  const { delivered } = await mail.store.deliver({ ...message, uidl, deliveries });
  assert.deepEqual(delivered, ['duplicate-uidl', 'delivered']);
  const details = await mail.database.query(
    'select messages::int, version::int from maildrop where mailbox_id = $1',
    [first],
  );
  assert.deepEqual(details, [{ messages: 1, version: 2 }]);
  const snapshot = await mail.store.snapshot(second, '0');
  assert.deepEqual([...snapshot.storedUidls], [[0, uidl]]);
});

test('a UIDL that cannot be sent is refused, and nothing is stored', async () => {
  const mailboxId = await mail.addMailbox();
  for (const uidl of ['', 'with blank', 'x'.repeat(71), 'ä']) {
    const request = { ...message, uidl, deliveries: [to(mailboxId)] };
    await assert.rejects(mail.store.deliver(request), { code: 'INVALID' });
  }
  assert.equal((await rowsOf(mailboxId)).length, 0);
});

test('two copies for one mailbox both count', async () => {
  const mailboxId = await mail.addMailbox();
  const deliveries = [to(mailboxId, 'To: a\r\n'), to(mailboxId, 'To: b\r\n')];
  await mail.store.deliver({ ...message, deliveries });
  const details = await mail.database.query(
    'select messages::int, octets::int from maildrop where mailbox_id = $1',
    [mailboxId],
  );
  assert.deepEqual(details, [{ messages: 2, octets: 2 * (text.length - 1 + 7) }]);
});

test('the time of receipt can be given', async () => {
  const mailboxId = await mail.addMailbox();
  const receivedAt = new Date('2001-02-03T04:05:06.789Z');
  await mail.store.deliver({ ...message, receivedAt, deliveries: [to(mailboxId)] });
  assert.deepEqual((await rowsOf(mailboxId))[0]?.received_at, receivedAt);
});

test('crossing recipients do not deadlock', async () => {
  const ids = await Promise.all(Array.from({ length: 6 }, () => mail.addMailbox()));
  const rounds = Array.from({ length: 60 }, (_, round) => {
    const order = round % 2 === 0 ? ids : [...ids].reverse();
    return mail.store.deliver({ ...message, deliveries: order.map((id) => to(id)) });
  });
  await Promise.all(rounds);
  const counts = await mail.database.query(
    'select distinct messages::int, version::int from maildrop where mailbox_id = any($1)',
    [ids],
  );
  assert.deepEqual(counts, [{ messages: 60, version: 61 }]);
});

test('a maildrop beyond 4 GiB has the right total', async () => {
  const mailboxId = await mail.addMailbox();
  await mail.database.query(
    `insert into message (mailbox_id, message_id, guid, octets, wire_octets, header_octets)
     select $1, nextval('message_id_seq'), gen_random_uuid(), 3000000019, 3000000020, 100
     from generate_series(1, 5)`,
    [mailboxId],
  );
  await mail.database.query(
    'update maildrop set messages = 5, octets = 15000000095, version = 9 where mailbox_id = $1',
    [mailboxId],
  );
  await mail.store.deliver({ ...message, deliveries: [to(mailboxId)] });
  const expected = 15_000_000_095 + text.length - 1;
  const snapshot = await mail.store.snapshot(mailboxId, '10');
  assert.equal(snapshot.totalOctets, expected);
  assert.equal(snapshot.octets[0], 3_000_000_019);
  assert.equal(snapshot.wireOctets[4], 3_000_000_020);
  const address = `user${mailboxId}@example.org`;
  const details = await mail.store.directory.findMailbox(address);
  assert.equal(details?.octets, expected);
});

test('bounds are kept', async () => {
  assert.deepEqual(await mail.store.deliver({ ...message, deliveries: [] }), { delivered: [] });
  const mailboxId = await mail.addMailbox();
  const deliveries = Array.from({ length: deliveriesMax + 1 }, () => to(mailboxId));
  await assert.rejects(mail.store.deliver({ ...message, deliveries }), { code: 'INVALID' });
});
