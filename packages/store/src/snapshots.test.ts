import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { MailboxId } from './contract.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';

let mail: MailFixture;

before(async () => {
  // Room for about three snapshots of ten messages.
  mail = await mailFixture({ snapshotCacheOctets: 5_000 });
});
after(() => mail.end());

async function mailboxOf(messages: number): Promise<{ mailboxId: MailboxId; version: string }> {
  const mailboxId = await mail.addMailbox();
  for (let nth = 0; nth < messages; nth += 1)
    await mail.deliver(mailboxId, `${'x'.repeat(nth)}\r\n`);
  return { mailboxId, version: String(messages + 1) };
}

test('a snapshot has what the rows have', async () => {
  const { mailboxId, version } = await mailboxOf(4);
  const snapshot = await mail.store.snapshot(mailboxId, version);
  const rows = await mail.database.query(
    'select message_id, guid, octets from message where mailbox_id = $1 order by message_id',
    [mailboxId],
  );
  assert.equal(snapshot.version, version);
  assert.equal(snapshot.count, 4);
  rows.forEach((row, index) => {
    assert.equal(snapshot.messageIds[index], BigInt(String(row.message_id)));
    assert.equal(snapshot.octets[index], Number(row.octets));
    assert.equal(snapshot.wireOctets[index], Number(row.octets));
    assert.equal(snapshot.headerOctets[index], 14);
    const identity = Buffer.from(snapshot.identities.subarray(index * 24, index * 24 + 24));
    assert.equal(identity.readBigInt64BE(0), snapshot.messageIds[index]);
    assert.equal(identity.toString('hex', 8), String(row.guid).replaceAll('-', ''));
  });
  assert.equal(
    snapshot.totalOctets,
    rows.reduce((sum, row) => sum + Number(row.octets), 0),
  );
});

test('a version that is kept costs no query, and a new one does', async () => {
  const { mailboxId, version } = await mailboxOf(2);
  const first = await mail.store.snapshot(mailboxId, version, 2);
  const before = mail.store.stats();
  assert.equal(await mail.store.snapshot(mailboxId, version, 2), first);
  assert.equal(mail.store.stats().snapshotHits, before.snapshotHits + 1);
  await mail.deliver(mailboxId);
  const second = await mail.store.snapshot(mailboxId, String(Number(version) + 1), 3);
  assert.equal(second.count, 3);
});

test('many who ask at one time share one query', async () => {
  const { mailboxId, version } = await mailboxOf(3);
  const all = await Promise.all(
    Array.from({ length: 20 }, () => mail.store.snapshot(mailboxId, version)),
  );
  assert.equal(new Set(all).size, 1);
});

test('an empty drop has an empty snapshot under its version', async () => {
  const { mailboxId } = await mailboxOf(0);
  const told = await mail.store.snapshot(mailboxId, '1', 0);
  const read = await mail.store.snapshot(mailboxId, '1');
  for (const snapshot of [told, read]) {
    assert.equal(snapshot.count, 0);
    assert.equal(snapshot.version, '1');
    assert.equal(snapshot.identities.length, 0);
  }
});

test('stored UIDLs are found at their places', async () => {
  const mailboxId = await mail.addMailbox();
  for (const uidl of [undefined, 'b', undefined, 'a', 'c~!']) {
    await mail.store.deliver({
      deliveries: [{ mailboxId, prefix: new Uint8Array(0) }],
      pieces: [Buffer.from('\r\n')],
      octets: 2,
      headerOctets: 2,
      ...(uidl === undefined ? {} : { uidl }),
    });
  }
  const { token } = await mail.open(mailboxId);
  const [first = 0n] = await mail.visible(mailboxId);
  await mail.store.flag({ mailboxId, token, messageIds: [first] });
  const snapshot = await mail.store.snapshot(mailboxId, '7');
  assert.deepEqual(
    [...snapshot.storedUidls],
    [
      [0, 'b'],
      [2, 'a'],
      [3, 'c~!'],
    ],
  );
});

test('the least recently used are dropped when there is no room', async () => {
  const drops = [];
  for (let nth = 0; nth < 4; nth += 1) drops.push(await mailboxOf(10));
  const [kept, ...others] = drops;
  assert.ok(kept);
  const first = await mail.store.snapshot(kept.mailboxId, kept.version);
  for (const { mailboxId, version } of others) {
    await mail.store.snapshot(mailboxId, version);
    assert.equal(await mail.store.snapshot(kept.mailboxId, kept.version), first, 'it is in use');
    assert.ok(mail.store.stats().snapshotOctets <= 5_000);
  }
  const { snapshotMisses } = mail.store.stats();
  const [dropped] = others;
  assert.ok(dropped);
  await mail.store.snapshot(dropped.mailboxId, dropped.version);
  assert.equal(mail.store.stats().snapshotMisses, snapshotMisses + 1);
});

test('a mailbox that is gone has no snapshot', async () => {
  await assert.rejects(mail.store.snapshot('987654' as MailboxId, '1'), { code: 'NOT_FOUND' });
});

test('100,000 messages are listed whole, in a fraction of a second', async () => {
  const { mailboxId } = await mailboxOf(0);
  await mail.database.query(
    `insert into message (mailbox_id, message_id, guid, octets, wire_octets, header_octets)
     select $1, nextval('message_id_seq'), gen_random_uuid(), i, i + 1, i % 50 + 1
     from generate_series(1, 100000) i`,
    [mailboxId],
  );
  const since = performance.now();
  const snapshot = await mail.store.snapshot(mailboxId, '2');
  assert.ok(performance.now() - since < 2_000);
  assert.equal(snapshot.count, 100_000);
  assert.equal(snapshot.totalOctets, (100_000 * 100_001) / 2);
  assert.equal(snapshot.wireOctets[99_999], 100_001);
});
