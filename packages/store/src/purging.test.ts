import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { MailboxId } from './contract.ts';
import { purgeSliceMessages } from './limits.ts';
import { openStore } from './store.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';
import { startServer } from './testing/temporary-server.ts';

let mail: MailFixture;

before(async () => {
  mail = await mailFixture();
});
after(() => mail.end());

/** Flags all of a mailbox's messages and answers their ids. */
async function flagAll(mailboxId: MailboxId): Promise<bigint[]> {
  const { token } = await mail.open(mailboxId);
  const messageIds = await mail.visible(mailboxId);
  await mail.store.flag({ mailboxId, token, messageIds });
  return messageIds;
}

async function stored(mailboxId: MailboxId): Promise<{ rows: number; bodies: number }> {
  const [row] = await mail.database.query(
    `select (select count(*)::int from message where mailbox_id = $1) as rows,
            (select count(*)::int from message_body where mailbox_id = $1) as bodies`,
    [mailboxId],
  );
  return { rows: Number(row?.rows), bodies: Number(row?.bodies) };
}

async function purgeAll(): Promise<number> {
  let total = 0;
  for (;;) {
    const { purged, more } = await mail.store.purge();
    total += purged;
    if (!more) return total;
  }
}

test('what was flagged goes, rows and bodies, and nothing else', async () => {
  const mailboxId = await mail.addMailbox();
  await mail.deliver(mailboxId);
  await mail.deliver(mailboxId);
  await flagAll(mailboxId);
  await mail.deliver(mailboxId);
  assert.equal(await purgeAll(), 2);
  assert.deepEqual(await stored(mailboxId), { rows: 1, bodies: 1 });
  assert.equal(await purgeAll(), 0);
});

test('the undelete window of the domain is kept', async () => {
  const mailboxId = await mail.addMailbox();
  await mail.deliver(mailboxId);
  await mail.database.query("update domain set undelete_window = interval '7 days'");
  await flagAll(mailboxId);
  await mail.database.query("update domain set undelete_window = interval '0'");
  assert.equal(await purgeAll(), 0);
  assert.deepEqual(await stored(mailboxId), { rows: 1, bodies: 1 });
  await mail.database.query(
    "update quit_receipt set purge_after = purge_after - interval '7 days' where mailbox_id = $1",
    [mailboxId],
  );
  assert.equal(await purgeAll(), 1);
});

test('a restored message stays, also when another QUIT flagged it again', async () => {
  const mailboxId = await mail.addMailbox();
  await mail.deliver(mailboxId);
  await mail.deliver(mailboxId);
  const [first, second] = await flagAll(mailboxId);
  const restore =
    'update message set deleted_at = null, deleted_by = null where mailbox_id = $1 and message_id = $2';
  await mail.database.query(restore, [mailboxId, String(first)]);
  await mail.database.query(
    `update message set deleted_by = gen_random_uuid() where mailbox_id = $1 and message_id = $2`,
    [mailboxId, String(second)],
  );
  assert.equal(await purgeAll(), 0);
  assert.deepEqual(await stored(mailboxId), { rows: 2, bodies: 2 });
});

test('a claim that was given up is taken by another', async () => {
  const mailboxId = await mail.addMailbox();
  await mail.deliver(mailboxId);
  await flagAll(mailboxId);
  const claim =
    'update quit_receipt set claimed_until = now() + $2::interval where mailbox_id = $1';
  await mail.database.query(claim, [mailboxId, '1 minute']);
  assert.deepEqual(await mail.store.purge(), { purged: 0, more: false });
  await mail.database.query(claim, [mailboxId, '-1 second']);
  assert.equal(await purgeAll(), 1);
});

test('two purges share the work and remove each message once', async () => {
  const ids = await Promise.all(Array.from({ length: 20 }, () => mail.addMailbox()));
  for (const mailboxId of ids) {
    await mail.deliver(mailboxId);
    await flagAll(mailboxId);
  }
  const results = await Promise.all([mail.store.purge(), mail.store.purge(), mail.store.purge()]);
  assert.equal(
    results.reduce((sum, result) => sum + result.purged, 0),
    20,
  );
});

test('a receipt larger than a slice is purged whole', async () => {
  const mailboxId = await mail.addMailbox();
  const count = purgeSliceMessages * 2 + 5;
  await mail.database.query(
    `with made as (
       insert into message (mailbox_id, message_id, guid, octets, wire_octets, header_octets)
       select $1, nextval('message_id_seq'), gen_random_uuid(), 1, 1, 0
       from generate_series(1, $2::int) returning mailbox_id, message_id)
     insert into message_body select mailbox_id, message_id, 'x' from made`,
    [mailboxId, count],
  );
  await mail.database.query(
    'update maildrop set messages = $2, octets = $2 where mailbox_id = $1',
    [mailboxId, count],
  );
  await flagAll(mailboxId);
  assert.deepEqual(await mail.store.purge({ messagesMax: 1 }), { purged: count, more: true });
  assert.deepEqual(await stored(mailboxId), { rows: 0, bodies: 0 });
});

test('old receipts are forgotten, young and unpurged ones are kept', async () => {
  await mail.database.query('delete from quit_receipt');
  const old = await mail.addMailbox();
  const young = await mail.addMailbox();
  const open = await mail.addMailbox();
  for (const mailboxId of [old, young]) {
    await mail.deliver(mailboxId);
    await flagAll(mailboxId);
  }
  await purgeAll();
  await mail.database.query(
    "update quit_receipt set purged_at = now() - interval '25 hours' where mailbox_id = $1",
    [old],
  );
  await mail.deliver(open);
  await flagAll(open);
  assert.equal(await mail.store.forgetReceipts(), 1);
  const left = await mail.database.query('select mailbox_id from quit_receipt order by 1');
  assert.deepEqual(
    left.map((row) => row.mailbox_id),
    [young, open],
  );
});

/** Notes how each transaction that changes these tables commits, when it does. */
const noteCommits = `
  create table commit_noted (n serial, change text, waits text);
  create function note_commit() returns trigger language plpgsql as $$
  begin
    insert into commit_noted (change, waits)
    values (lower(tg_op) || ' ' || tg_argv[0], current_setting('synchronous_commit'));
    return null;
  end $$;
  create constraint trigger receipts after insert or update on quit_receipt
    deferrable initially deferred for each row execute function note_commit('quit_receipt');
  create constraint trigger messages after delete on message
    deferrable initially deferred for each row execute function note_commit('message')`;

test('a purge does not wait for its commits, and a QUIT on the same connection does', async () => {
  const one = await mailFixture({ workConnectionsMax: 1 });
  try {
    await one.database.query(noteCommits);
    for (let round = 0; round < 2; round += 1) {
      const mailboxId = await one.addMailbox();
      await one.deliver(mailboxId);
      const { token } = await one.open(mailboxId);
      const messageIds = await one.visible(mailboxId);
      await one.store.flag({ mailboxId, token, messageIds });
      assert.deepEqual(await one.store.purge(), { purged: 1, more: false });
    }
    const noted = await one.database.query('select change, waits from commit_noted order by n');
    const round = [
      { change: 'insert quit_receipt', waits: 'on' },
      { change: 'update quit_receipt', waits: 'off' },
      { change: 'delete message', waits: 'off' },
      { change: 'update quit_receipt', waits: 'off' },
    ];
    assert.deepEqual(noted, [...round, ...round]);
  } finally {
    await one.end();
  }
});

test('a crash right behind a purge loses nothing but the purge', async () => {
  const server = await startServer({ settings: ['fsync=on', 'full_page_writes=on'] });
  try {
    const crashed = await mailFixture({ server });
    const mailboxId = await crashed.addMailbox();
    for (let nth = 0; nth < 3; nth += 1) await crashed.deliver(mailboxId);
    const { token } = await crashed.open(mailboxId);
    const [first = 0n, second = 0n] = await crashed.visible(mailboxId);
    await crashed.store.flag({ mailboxId, token, messageIds: [first, second] });
    assert.equal((await crashed.store.purge()).purged, 2);
    await server.kill();
    await server.start();
    const client = await crashed.database.client();
    // What is lost is the end of the log: a claim may be there whose purge is not. Its time is over at once here.
    await client.query('update quit_receipt set claimed_until = now() where claimed_until > now()');
    const store = openStore({ databaseUrl: crashed.database.url });
    const { purged } = await store.purge();
    await store.end();
    assert.ok(purged === 0 || purged === 2, `${purged} purged again`);
    const { rows } = await client.query(
      `select (select array_agg(message_id::text) from message) as messages,
              (select count(*)::int from message_body) as bodies,
              (select count(*)::int from quit_receipt where purged_at is null) as due`,
    );
    assert.deepEqual(rows, [{ messages: [String(second + 1n)], bodies: 1, due: 0 }]);
    await crashed.store.end();
  } finally {
    await server.stop();
  }
});
