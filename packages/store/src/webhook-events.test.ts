/**
 * What webhooks are told of: rows of the outbox that stand with what happened, for those webhooks that
 * want them, and no statement that costs anything where none does.
 */

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MailboxId } from './contract.ts';
import { silentMeter } from './meter.ts';
import { openStore, type Store } from './store.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';

let mail: MailFixture;
let other: Store;
const ran: string[] = [];

before(async () => {
  const meter = { ...silentMeter, statementRan: (name: string) => void ran.push(name) };
  mail = await mailFixture({ tellsWebhooks: true, meter });
  await mail.store.ready();
  await mail.store.directory.addDomain({ name: 'example.net' });
  other = openStore({ databaseUrl: mail.database.url, lockWaitMs: 0, tellsWebhooks: true });
});
after(async () => {
  await other.end();
  await mail.end();
});
afterEach(async () => {
  await mail.database.query('delete from webhook_delivery');
  for (const { webhookId } of await webhooks().list({ after: '0', domain: null, limit: 100 })) {
    await webhooks().remove({ webhookId, domain: null });
  }
  await eventually(() => assert.equal(webhooks().any, false));
});

function webhooks() {
  return mail.store.administration.webhooks;
}

/** Known to both stores when it is there. */
async function add(events: readonly string[], domain: string | null = null): Promise<string> {
  const to = { url: 'https://hooks.example.com/', origin: 'https://hooks.example.com' };
  const webhookId = await webhooks().add({ ...to, events, secret: 's', domain });
  await eventually(() => assert.equal(webhooks().any, true));
  return webhookId;
}

async function eventually(check: () => void): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      check();
      return;
    } catch (error) {
      if (tries > 400) throw error;
      await sleep(25);
    }
  }
}

async function outbox(): Promise<Record<string, unknown>[]> {
  return mail.database.query(
    `select webhook_id::text as "webhookId", event, state, attempts, event_id, payload
     from webhook_delivery order by delivery_id`,
  );
}

/** As soon as there are so many; what is told behind an event comes a moment later. */
async function rowsOf(count: number): Promise<Record<string, unknown>[]> {
  for (let tries = 0; ; tries += 1) {
    const rows = await outbox();
    if (rows.length >= count || tries > 400) {
      assert.equal(rows.length, count, JSON.stringify(rows));
      return rows;
    }
    await sleep(25);
  }
}

function payloadOf(row: Record<string, unknown> | undefined): Record<string, unknown> {
  return Object(row?.payload);
}

async function addressOf(mailboxId: MailboxId): Promise<string> {
  const [row] = await mail.database.query('select address from mailbox where mailbox_id = $1', [
    mailboxId,
  ]);
  return String(row?.address);
}

test('a delivery is told of with the mail, to those who want it, once each', async () => {
  const wanting = await add(['message.delivered']);
  const ofDomain = await add(['message.delivered', 'lock.broken'], 'example.org');
  await add(['lock.broken']);
  await add(['message.delivered'], 'example.net');
  const suspended = await add(['message.delivered']);
  await webhooks().set({ webhookId: suspended, domain: null, enabled: false });
  const mailboxId = await mail.addMailbox();
  await mail.deliver(mailboxId);
  const rows = await outbox();
  assert.deepEqual(
    rows.map(({ webhookId, event, state, attempts }) => ({ webhookId, event, state, attempts })),
    [wanting, ofDomain].map((webhookId) => ({
      ...{ webhookId, event: 'message.delivered', state: 'pending', attempts: 0 },
    })),
  );
  const [messageId] = await mail.visible(mailboxId);
  const payload = payloadOf(rows[0]);
  assert.partialDeepStrictEqual(payload, {
    ...{ id: rows[0]?.event_id, event: 'message.delivered', domain: 'example.org' },
    ...{ mailbox: await addressOf(mailboxId), data: { messageId: String(messageId) } },
  });
  assert.match(String(payload.at), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(rows[0]?.event_id, rows[1]?.event_id, 'one event');
});

test('where nobody wants it the delivery is the statement that knows of no webhook', async () => {
  const mailboxId = await mail.addMailbox();
  ran.length = 0;
  await mail.deliver(mailboxId);
  assert.deepEqual(ran, ['deliver_message']);
  await add(['lock.broken']);
  ran.length = 0;
  await mail.deliver(mailboxId);
  assert.deepEqual(ran, ['deliver_message']);
  assert.deepEqual(await outbox(), []);
  await add(['quota.near']);
  // Heard of a moment later.
  for (let tries = 0; tries < 400 && !ran.includes('deliver_message_told'); tries += 1) {
    await mail.deliver(mailboxId);
  }
  assert.ok(ran.includes('deliver_message_told'), ran.join());
  assert.deepEqual(await outbox(), [], 'no quota');
});

test('a webhook that another node has made is known here by its word', async () => {
  const to = { url: 'https://hooks.example.com/', origin: 'https://hooks.example.com' };
  await other.administration.webhooks.add({
    ...{ ...to, events: ['message.delivered'], secret: 's', domain: null },
  });
  await eventually(() => assert.equal(webhooks().any, true));
  await mail.deliver(await mail.addMailbox());
  assert.equal((await outbox()).length, 1);
});

test('a store that does not tell writes nothing, one that does not know yet does', async () => {
  await add(['message.delivered']);
  const mailboxId = await mail.addMailbox();
  const deliver = async (tellsWebhooks: boolean) => {
    const store = openStore({ databaseUrl: mail.database.url, tellsWebhooks });
    const pieces = [Buffer.from('Subject: x\r\n\r\nx\r\n')];
    const deliveries = [{ mailboxId, prefix: new Uint8Array(0) }];
    await store.deliver({ deliveries, pieces, octets: 17, headerOctets: 14 });
    await store.end();
  };
  await deliver(false);
  assert.equal((await outbox()).length, 0);
  // Its short lane was never used: nothing was read.
  await deliver(true);
  assert.equal((await outbox()).length, 1);
});

test('a message that was not stored is not told of', async () => {
  await add(['message.delivered', 'quota.near']);
  const mailboxId = await mail.addMailbox();
  await mail.store.directory.setMailbox({ address: await addressOf(mailboxId), quotaOctets: 10 });
  const { delivered } = await mail.deliver(mailboxId);
  assert.deepEqual(delivered, ['over-quota']);
  assert.deepEqual(await outbox(), []);
});

test('a quota becomes near once, until what is held has fallen below the mark', async () => {
  const webhookId = await add(['quota.near']);
  const mailboxId = await mail.addMailbox();
  await mail.deliver(mailboxId);
  const [held] = await mail.database.query(
    'select octets::int as octets from maildrop where mailbox_id = $1',
    [mailboxId],
  );
  const one = Number(held?.octets);
  // The nineteenth message passes 90 %, the twentieth fits as well.
  await mail.store.directory.setMailbox({
    ...{ address: await addressOf(mailboxId), quotaOctets: 20 * one + 1 },
  });
  const deliver = async (times: number) => {
    for (let nth = 0; nth < times; nth += 1) {
      assert.deepEqual((await mail.deliver(mailboxId)).delivered, ['delivered']);
    }
  };
  await deliver(17);
  assert.deepEqual(await outbox(), []);
  await deliver(1);
  const [told] = await outbox();
  assert.deepEqual([told?.webhookId, told?.event], [webhookId, 'quota.near']);
  assert.partialDeepStrictEqual(payloadOf(told), {
    ...{ mailbox: await addressOf(mailboxId), data: { octets: 19 * one } },
  });
  await deliver(1);
  assert.equal((await outbox()).length, 1, 'it was near before');
  const [row] = await mail.database.query(
    'select credential_version::text as version from mailbox where mailbox_id = $1',
    [mailboxId],
  );
  const { token } = await mail.open(mailboxId, { credentialVersion: String(row?.version) });
  const messageIds = (await mail.visible(mailboxId)).slice(0, 2);
  assert.equal((await mail.store.flag({ mailboxId, token, messageIds })).kind, 'flagged');
  await deliver(1);
  assert.equal((await outbox()).length, 2, 'it was below in between');
});

test('what administration does is told by its audit row', async () => {
  await add(['mailbox.created', 'mailbox.suspended', 'mailbox.deleted'], 'example.org');
  const { directory } = mail.store;
  const address = 'told@example.org';
  await directory.addMailbox({ address, secret: null, actor: 'token:7 a label' });
  await directory.addMailbox({ address: 'told@example.net', secret: null });
  await directory.setMailbox({ address, status: 'suspended' });
  await directory.setMailbox({ address, status: 'active' });
  await directory.setMailboxStatus({ address, status: 'suspended' });
  await directory.deleteMailbox({ address, graceSeconds: 60 });
  const rows = await outbox();
  assert.deepEqual(
    rows.map(({ event }) => event),
    ['mailbox.created', 'mailbox.suspended', 'mailbox.suspended', 'mailbox.deleted'],
  );
  assert.partialDeepStrictEqual(payloadOf(rows[0]), {
    ...{ domain: 'example.org', mailbox: address, data: { by: 'token:7' } },
  });
});

test('a lock that an administrator breaks, and one that is taken from an owner that is gone', async () => {
  await add(['lock.broken']);
  const mailboxId = await mail.addMailbox();
  const address = await addressOf(mailboxId);
  await mail.open(mailboxId, { client: '192.0.2.1' });
  await mail.store.cluster.endSession({ address, isBroken: false });
  assert.deepEqual(await outbox(), [], 'a kick breaks nothing');
  await mail.store.cluster.endSession({ address, isBroken: true });
  const [broken] = await outbox();
  assert.partialDeepStrictEqual(payloadOf(broken), {
    ...{ event: 'lock.broken', mailbox: address, data: { by: 'system', client: '192.0.2.1' } },
  });
  const dying = await mail.addOwner();
  await mail.open(mailboxId, { ownerId: dying, store: other });
  await mail.expireOwner(dying);
  assert.equal((await mail.open(mailboxId)).kind, 'opened');
  const [, stolen] = await rowsOf(2);
  assert.partialDeepStrictEqual(payloadOf(stolen), { mailbox: address, data: { by: 'lease' } });
});

test('many failures are told of once in an hour, whichever nodes count them', async () => {
  await add(['login.failed_many']);
  await add(['login.failed_many'], 'example.org');
  await eventually(() => assert.equal(other.events.wantsFailedLogins, true));
  const mailboxId = await mail.addMailbox();
  const name = await addressOf(mailboxId);
  const failed = { client: '192.0.2.1', failures: 21 };
  for (const store of [mail.store, mail.store, other]) {
    store.events.loginsFailed({ ...failed, name });
    store.events.loginsFailed({ ...failed, name: null });
    store.events.loginsFailed({ ...failed, name: 'nobody@example.org' });
  }
  await rowsOf(3);
  await sleep(200);
  const rows = await rowsOf(3);
  const told = rows.map((row) => payloadOf(row));
  const seen = told.map(({ mailbox, domain, data }) => ({ mailbox, domain, data }));
  const ofName = { mailbox: name, domain: 'example.org', data: failed };
  const ofClient = { mailbox: null, domain: null, data: failed };
  for (const [event, count] of [
    [ofName, 2],
    [ofClient, 1],
  ] as const) {
    const same = seen.filter((row) => row.mailbox === event.mailbox);
    assert.deepEqual(
      same,
      Array.from({ length: count }, () => event),
    );
  }
});
