/**
 * Sessions that an administrator ends, and nodes that are to be drained, as the database holds them.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MailboxId } from './contract.ts';
import type { LockQuestion } from './lock-questions.ts';
import { openStore } from './store.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';

let mail: MailFixture;
before(async () => {
  mail = await mailFixture();
});
after(() => mail.end());

async function addressOf(mailboxId: MailboxId): Promise<string> {
  const [row] = await mail.database.query('select address from mailbox where mailbox_id = $1', [
    mailboxId,
  ]);
  return String(row?.address);
}

async function audits(action: string): Promise<Record<string, unknown>[]> {
  return mail.database.query(
    'select actor, subject, detail from audit where action = $1 order by audit_id',
    [action],
  );
}

test('the figures of the cluster are those of its nodes, mailboxes and flagged messages', async () => {
  const owner = { bootId: randomUUID(), version: '1' };
  const ids = [randomUUID(), randomUUID(), randomUUID()];
  for (const [worker, ownerId] of ids.entries()) {
    const nodeName = worker < 2 ? 'figures-up' : 'figures-gone';
    await mail.store.registerOwner({ ...owner, ownerId, nodeName, worker });
  }
  const renewal = ids.map((ownerId, worker) => ({ ownerId, sessions: worker + 3 }));
  await mail.store.renewOwners({ workers: renewal, draining: true });
  await mail.database.query(
    "update owner set lease_until = now() - interval '1 second' where node_name = 'figures-gone'",
  );
  const mailboxId = await mail.addMailbox();
  await mail.database.query(
    `insert into quit_receipt (mailbox_id, token, message_ids, purge_after) values
      ($1, gen_random_uuid(), '{1,2,3}', now() - interval '90 seconds'),
      ($1, gen_random_uuid(), '{4}', now() + interval '1 day')`,
    [mailboxId],
  );
  await mail.database.query(
    `with hook as (insert into webhook (url, events, secret)
       values ('https://hooks.example/', '{quota.near}', '\\x00') returning webhook_id)
     insert into webhook_delivery (webhook_id, event_id, event, payload, created_at)
     select webhook_id, gen_random_uuid(), 'quota.near', '{}'::jsonb, now() - interval '70 seconds' from hook
     union all select webhook_id, gen_random_uuid(), 'quota.near', '{}'::jsonb, now() from hook`,
  );
  const { nodes, database } = await mail.store.cluster.figures();
  const gone = { alive: false, draining: false, workers: 0, sessions: 0, report: null };
  const up = { alive: true, draining: true, workers: 2, sessions: 7, report: null };
  assert.deepEqual(
    nodes.filter(({ nodeName }) => nodeName.startsWith('figures-')),
    [
      { nodeName: 'figures-gone', ...gone },
      { nodeName: 'figures-up', ...up },
    ],
  );
  const [counted] = await mail.database.query('select count(*)::int as mailboxes from mailbox');
  assert.equal(database.mailboxes, counted?.mailboxes);
  assert.deepEqual([database.receipts, database.flaggedMessages], [2, 4]);
  const lag = database.purgeLagSeconds;
  assert.ok(lag >= 90 && lag < 150, `the first receipt is due since ${lag} s`);
  const age = database.webhookPendingSeconds;
  assert.ok(age >= 70 && age < 130, `the oldest of two events waits for ${age} s`);
  assert.equal(database.webhookPending, 2);
  await mail.database.query('delete from webhook_delivery');
  await mail.database.query('delete from webhook');
  assert.ok(database.databaseOctets > 1_000_000 && database.connections > 0);
  assert.deepEqual([database.standbys, database.replicationLagMs], [0, null]);
  await mail.database.query('delete from quit_receipt where mailbox_id = $1', [mailboxId]);
  for (const ownerId of ids) await mail.store.removeOwner(ownerId);
});

test('a node says something of itself, which takes the place of what it said before', async () => {
  const { cluster } = mail.store;
  const ownerId = randomUUID();
  const nodeName = 'reporting';
  await mail.store.registerOwner({
    ...{ ownerId, nodeName, bootId: randomUUID(), worker: 0, version: '1' },
  });
  const said = async () => (await cluster.figures()).nodes.find((one) => one.nodeName === nodeName);
  await cluster.report({ nodeName, figures: { loginsOpened: 1, eventLoopDelaySeconds: 0.25 } });
  const first = (await said())?.report;
  assert.deepEqual(first?.figures, { loginsOpened: 1, eventLoopDelaySeconds: 0.25 });
  await cluster.report({ nodeName, figures: { loginsOpened: 2 ** 52 } });
  const second = (await said())?.report;
  assert.deepEqual(second?.figures, { loginsOpened: 2 ** 52 });
  assert.ok(second.at > first.at);
  // What is no number comes of no release that we know.
  const row = "update node_figures set figures = $1::jsonb where node_name = 'reporting'";
  await mail.database.query(row, ['{"loginsOpened": "9", "next": {}, "sentOctets": 3}']);
  assert.deepEqual((await said())?.report?.figures, { sentOctets: 3 });
  const figures = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`figure${at}`, at]));
  await assert.rejects(cluster.report({ nodeName, figures }), { code: 'INVALID' });
  await mail.database.query("update node_figures set reported_at = now() - interval '61 minutes'");
  await cluster.report({ nodeName: 'another', figures: {} });
  assert.equal((await said())?.report, null, 'what is old is removed by whoever says something');
  await mail.store.removeOwner(ownerId);
});

test('locks are listed of one domain alone, where that is asked for', async () => {
  const mailboxId = await mail.addMailbox();
  const address = await addressOf(mailboxId);
  const { token } = await mail.open(mailboxId, {});
  const domain = address.slice(address.indexOf('@') + 1);
  const listed = async (of: string) =>
    (await mail.store.directory.listLocks({ limit: 100, domain: of })).map((row) => row.address);
  assert.deepEqual(await listed(domain), [address]);
  assert.deepEqual(await listed('elsewhere.example'), []);
  await mail.store.close(mailboxId, token);
});

test('a lock shows from where and by whom it is held, and nothing of that stays', async () => {
  const [mailboxId, actorId] = [await mail.addMailbox(), await mail.addMailbox()];
  const address = await addressOf(mailboxId);
  await mail.store.directory.addGrant({ address, grantee: await addressOf(actorId) });
  const [actor] = await mail.database.query(
    'select credential_version from mailbox where mailbox_id = $1',
    [actorId],
  );
  const opened = await mail.open(mailboxId, {
    actorId,
    credentialVersion: String(actor?.credential_version),
    client: 'fe80::1%eth0',
  });
  assert.equal(opened.kind, 'opened');
  const wanted = ['fe80::1%eth0', await addressOf(actorId)];
  const details = await mail.store.directory.findMailbox(address);
  assert.deepEqual([details?.lock?.client, details?.lock?.actor], wanted);
  const page = await mail.store.directory.listLocks({ limit: 100 });
  const held = page.find((row) => row.address === address);
  assert.deepEqual([held?.client, held?.actor], wanted);
  await mail.store.close(mailboxId, opened.token);
  const row = 'select client, actor_id from maildrop_lock where mailbox_id = $1';
  assert.deepEqual(await mail.database.query(row, [mailboxId]), [{ client: null, actor_id: null }]);

  const own = await mail.open(mailboxId, { credentialVersion: '1', client: '192.0.2.1' });
  assert.equal(own.kind, 'opened');
  const itself = await mail.store.directory.findMailbox(address);
  assert.deepEqual([itself?.lock?.client, itself?.lock?.actor], ['192.0.2.1', null]);
  await mail.store.flag({ mailboxId, token: own.token, messageIds: [] });
  assert.deepEqual(await mail.database.query(row, [mailboxId]), [{ client: null, actor_id: null }]);
});

test('a session that is to end is told, keeps its lock until it does, and is in the audit', async () => {
  const heard: LockQuestion[] = [];
  const worker = openStore({
    databaseUrl: mail.database.url,
    lockAsked: (question) => heard.push(question),
  });
  const mailboxId = await mail.addMailbox();
  const address = await addressOf(mailboxId);
  const kick = () => mail.store.cluster.endSession({ address, isBroken: false, actor: 'me' });
  assert.equal(await kick(), null, 'nobody has it');
  const { token } = await mail.open(mailboxId, { store: worker, client: '192.0.2.7' });
  const ended = await kick();
  assert.deepEqual(
    [ended?.token, ended?.nodeName, ended?.worker, ended?.client],
    [token, 'node-1', 0, '192.0.2.7'],
  );
  for (let tries = 0; heard.length === 0 && tries < 200; tries += 1) await sleep(10);
  assert.deepEqual(heard, [{ kind: 'end', token }]);
  const held = async () => (await mail.store.directory.findMailbox(address))?.lock?.alive;
  assert.equal(await held(), true);
  await worker.close(mailboxId, token);
  assert.equal(await held(), undefined);
  const [audit, ...more] = await audits('session.kick');
  assert.deepEqual([audit?.actor, audit?.subject, more], ['me', address, []]);
  assert.partialDeepStrictEqual(audit?.detail, { node: 'node-1', client: '192.0.2.7' });
  await worker.end();
});

test('a lock that was broken is free, and its session removes nothing', async () => {
  const mailboxId = await mail.addMailbox();
  const address = await addressOf(mailboxId);
  await mail.deliver(mailboxId);
  const { token } = await mail.open(mailboxId);
  const messageIds = await mail.visible(mailboxId);
  assert.equal(messageIds.length, 1);
  const ended = await mail.store.cluster.endSession({ address, isBroken: true, actor: 'me' });
  assert.equal(ended?.token, token);
  const quit = await mail.store.flag({ mailboxId, token, messageIds });
  assert.deepEqual(quit, { kind: 'lock-lost' });
  assert.deepEqual(await mail.visible(mailboxId), messageIds);
  assert.equal((await mail.open(mailboxId)).kind, 'opened');
  assert.equal((await audits('session.break')).length, 1);
});

test('a node hears with its report at which level it is to log, for a time or until that is withdrawn', async () => {
  const { cluster } = mail.store;
  const heard = () => cluster.report({ nodeName: 'node-1', figures: {} });
  const order = { nodeName: 'node-1', level: 'debug', minutes: null, actor: 'me' } as const;
  assert.equal((await cluster.setLogLevel({ ...order, nodeName: 'node-2' })).isKnown, false);
  assert.equal((await cluster.logLevel('node-2')).isKnown, false);
  assert.equal(await heard(), null);
  assert.deepEqual(await cluster.setLogLevel(order), { isKnown: true, until: null });
  assert.equal(await heard(), 'debug');
  const { until } = await cluster.setLogLevel({ ...order, level: 'warn', minutes: 5 });
  assert.ok(until !== null && until.getTime() > Date.now() + 200_000);
  assert.partialDeepStrictEqual(await cluster.logLevel('node-1'), { level: 'warn', until });
  assert.equal(await heard(), 'warn');
  await mail.database.query("update node_log_level set until = now() - interval '1 second'");
  assert.equal(await heard(), null, 'its time is over');
  assert.partialDeepStrictEqual(await cluster.logLevel('node-1'), { isKnown: true, level: null });
  await cluster.setLogLevel(order);
  await cluster.setLogLevel({ ...order, level: null });
  assert.equal(await heard(), null);
  assert.equal((await cluster.setLogLevel({ ...order, level: null })).isKnown, true);
  const details = (await audits('node.log-level')).map(({ detail }) => detail);
  assert.deepEqual(details, [
    { level: 'debug', minutes: null },
    { level: 'warn', minutes: 5 },
    { level: 'debug', minutes: null },
    { level: null, minutes: null },
  ]);
});

test('a node hears with its renewal that it is to be drained, and that it may serve again', async () => {
  const { store } = mail;
  const workers = [{ ownerId: mail.ownerId, sessions: 0 }];
  const isWanted = async () =>
    (await store.renewOwners({ workers, draining: false }))[0]?.drainWanted;
  const order = { nodeName: 'node-1', actor: 'me' };
  assert.equal(await store.cluster.drainNode({ ...order, nodeName: 'node-2' }), false);
  assert.equal(await isWanted(), false);
  assert.equal(await store.cluster.drainNode(order), true);
  assert.equal(await store.cluster.drainNode(order), true, 'again');
  assert.equal(await isWanted(), true);
  assert.deepEqual(
    (await store.cluster.drains()).map(({ nodeName }) => nodeName),
    ['node-1'],
  );
  assert.equal(await store.cluster.undrainNode(order), true);
  assert.equal(await store.cluster.undrainNode(order), false);
  assert.equal(await isWanted(), false);
  const counts = [await audits('node.drain'), await audits('node.undrain')];
  assert.deepEqual(
    counts.map((rows) => rows.map(({ actor, subject }) => [actor, subject])),
    [[['me', 'node-1']], [['me', 'node-1']]],
  );
});
