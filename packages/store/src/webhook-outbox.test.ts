/**
 * The outbox of webhooks: what is claimed by whom, what becomes of attempts, and that what waits has an end.
 */

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  webhookBacklogMax,
  webhookClaimRowsMax,
  webhookClaimRowsOfDomainMax,
  webhookClaimSeconds,
  webhookDeadKeptHours,
  webhookDeliveredKeptHours,
  webhooksOfDomainMax,
} from './limits.ts';
import { openStore, type Store } from './store.ts';
import { type TemporaryDatabase, temporaryDatabase } from './testing/temporary-database.ts';
import type { Webhooks } from './webhooks.ts';

let database: TemporaryDatabase;
let store: Store;
let webhooks: Webhooks;
let webhookId: string;

before(async () => {
  database = await temporaryDatabase();
  store = openStore({ databaseUrl: database.url });
  webhooks = store.administration.webhooks;
  await store.directory.addDomain({ name: 'example.org' });
});
after(async () => {
  await store.end();
  await database.drop();
});
beforeEach(async () => {
  await database.query('truncate webhook, webhook_delivery');
  webhookId = await add();
});

const url = 'https://hooks.example.com/';
const all = { exceptWebhookIds: [], limit: 64 };

function add(domain: string | null = null): Promise<string> {
  const to = { url, origin: 'https://hooks.example.com', events: ['lock.broken'] };
  return webhooks.add({ ...to, secret: 'first', domain });
}

async function write(count: number, of: string = webhookId): Promise<void> {
  await database.query(
    `insert into webhook_delivery (webhook_id, event_id, event, payload)
     select $1, gen_random_uuid(), 'lock.broken', '{}' from generate_series(1, $2)`,
    [of, count],
  );
}

async function states(of: string = webhookId): Promise<Record<string, number>> {
  const rows = await database.query(
    'select state, count(*)::int as n from webhook_delivery where webhook_id = $1 group by state',
    [of],
  );
  return Object.fromEntries(rows.map(({ state, n }) => [String(state), Number(n)]));
}

test('a few of each webhook are claimed, by one alone, and none of those left out', async () => {
  const second = await add();
  await write(webhookClaimRowsMax + 1);
  await write(1, second);
  const [one, two] = await Promise.all([webhooks.claim(all), webhooks.claim(all)]);
  const ids = [...one, ...two].map(({ deliveryId }) => deliveryId);
  assert.equal(new Set(ids).size, ids.length, 'none twice');
  assert.equal(ids.length, webhookClaimRowsMax + 2);
  assert.ok(one.length <= webhookClaimRowsMax + 1);
  await write(1);
  await write(1, second);
  const rest = await webhooks.claim({ ...all, exceptWebhookIds: [webhookId] });
  assert.deepEqual(
    rest.map((claimed) => claimed.webhookId),
    [second],
  );
  assert.equal((await webhooks.claim({ ...all, limit: 1 })).length, 1);
  assert.equal((await webhooks.claim(all)).length, 0);
});

test('a row that another one is claiming is neither waited for nor taken', async () => {
  await write(2);
  const client = await database.client();
  await client.query('begin');
  const { rows } = await client.query<{ id: string }>(
    'select delivery_id::text as id from webhook_delivery order by delivery_id limit 1 for update',
  );
  const claimed = await webhooks.claim(all);
  await client.query('rollback');
  assert.equal(claimed.length, 1);
  assert.notEqual(claimed[0]?.deliveryId, rows[0]?.id);
});

test('a claim that is over is another one’s, and who comes late says nothing', async () => {
  await write(1);
  const [claimed] = await webhooks.claim(all);
  assert.ok(claimed !== undefined);
  assert.partialDeepStrictEqual(claimed, { url, secret: 'first', formerSecret: null, attempts: 1 });
  assert.equal((await webhooks.claim(all)).length, 0);
  const [row] = await database.query(
    'select extract(epoch from next_attempt_at - now())::float8 as seconds from webhook_delivery',
  );
  assert.ok(Math.abs(Number(row?.seconds) - webhookClaimSeconds) < 10);
  await database.query("update webhook_delivery set next_attempt_at = now() - interval '1 second'");
  const [again] = await webhooks.claim(all);
  assert.equal(again?.attempts, 2);
  const { deliveryId } = claimed;
  const said = { deliveryId, status: 200, error: null, delaySeconds: 0 };
  assert.equal(await webhooks.settle({ ...said, attempts: 1, state: 'dead' }), false);
  assert.deepEqual(await states(), { pending: 1 });
  assert.equal(await webhooks.settle({ ...said, attempts: 2, state: 'delivered' }), true);
  assert.deepEqual(await states(), { delivered: 1 });
  assert.equal(await webhooks.settle({ ...said, attempts: 2, state: 'dead' }), false);
});

test('a failure waits for its time, and a dead letter for whoever resends it', async () => {
  await write(1);
  const [claimed] = await webhooks.claim(all);
  assert.ok(claimed !== undefined);
  const { deliveryId } = claimed;
  const failed = { deliveryId, attempts: 1, status: 503, error: 'status', delaySeconds: 60 };
  await assert.rejects(webhooks.resend({ deliveryId, domain: null }), { code: 'NOT_FOUND' });
  await webhooks.settle({ ...failed, state: 'pending' });
  assert.equal((await webhooks.claim(all)).length, 0);
  await database.query('update webhook_delivery set next_attempt_at = now()');
  await webhooks.claim(all);
  await webhooks.settle({ ...failed, attempts: 2, state: 'dead' });
  const page = { webhookId, before: null, limit: 10 };
  const [dead, ...more] = await webhooks.listDeliveries({ ...page, state: 'dead' });
  assert.partialDeepStrictEqual(dead, { deliveryId, lastStatus: 503, lastError: 'status' });
  assert.deepEqual([more, await webhooks.listDeliveries({ ...page, state: 'pending' })], [[], []]);
  const other = { deliveryId, domain: 'example.org' };
  await assert.rejects(webhooks.resend(other), { code: 'NOT_FOUND' });
  await webhooks.resend({ deliveryId, domain: null });
  assert.equal((await webhooks.claim(all))[0]?.attempts, 1);
  const [audit] = await database.query(
    "select actor, subject, detail from audit where action = 'webhook.resend'",
  );
  assert.deepEqual(audit, {
    actor: 'system',
    subject: webhookId,
    detail: { delivery: deliveryId },
  });
});

test('after a rotation both secrets sign, for a while', async () => {
  await webhooks.set({ webhookId, domain: null, secret: 'second' });
  await write(2);
  const signing = async () => {
    const [claimed] = await webhooks.claim({ ...all, limit: 1 });
    return [claimed?.secret, claimed?.formerSecret];
  };
  assert.deepEqual(await signing(), ['second', 'first']);
  await database.query("update webhook set former_until = now() - interval '1 second'");
  assert.deepEqual(await signing(), ['second', null]);
  const audit = await database.query("select * from audit where action like 'webhook.%'");
  assert.doesNotMatch(JSON.stringify(audit), /first|second/);
});

test('what waits for a webhook that is suspended or gone is dead', async () => {
  const gone = await add();
  const active = await add();
  await Promise.all([write(3), write(2, gone), write(1, active)]);
  await webhooks.set({ webhookId, domain: null, enabled: false });
  await webhooks.remove({ webhookId: gone, domain: null });
  assert.deepEqual(await webhooks.bury(), { suspended: 0, buried: 5 });
  assert.deepEqual(
    [await states(), await states(gone), await states(active)],
    [{ dead: 3 }, { dead: 2 }, { pending: 1 }],
  );
  const [letter] = await webhooks.listDeliveries({ webhookId, before: null, limit: 1 });
  const { deliveryId = '' } = letter ?? {};
  await assert.rejects(webhooks.resend({ deliveryId, domain: null }), { code: 'NOT_FOUND' });
  await assert.rejects(webhooks.test({ webhookId, domain: null }), { code: 'CONFLICT' });
});

test('a webhook that falls too far behind is suspended, with a record of it', async () => {
  const other = await add();
  await write(webhookBacklogMax);
  await write(1, other);
  assert.deepEqual(await webhooks.bury(), { suspended: 0, buried: 0 });
  await write(1);
  assert.equal((await webhooks.bury()).suspended, 1);
  const rows = await webhooks.list({ after: '0', domain: null, limit: 10 });
  assert.deepEqual(
    rows.map(({ enabled }) => enabled),
    [false, true],
  );
  const [audit] = await database.query(
    "select actor, subject from audit where action = 'webhook.suspend'",
  );
  assert.deepEqual(audit, { actor: 'system', subject: webhookId });
});

test('what was delivered goes after a day, a dead letter after a month', async () => {
  await write(4);
  const finish = (state: string, hours: number) =>
    database.query(
      `update webhook_delivery set state = $1, finished_at = now() - make_interval(hours => $2)
       where delivery_id = (select min(delivery_id) from webhook_delivery where state = 'pending')`,
      [state, hours],
    );
  await finish('delivered', webhookDeliveredKeptHours + 1);
  await finish('delivered', webhookDeliveredKeptHours - 1);
  await finish('dead', webhookDeliveredKeptHours + 1);
  await finish('dead', webhookDeadKeptHours + 1);
  assert.equal(await webhooks.purge(), 2);
  assert.equal(await webhooks.purge(), 0);
  assert.deepEqual(await states(), { delivered: 1, dead: 1 });
});

test('one of a domain is seen and changed under that domain, and goes with it', async () => {
  await store.directory.addDomain({ name: 'going.example' });
  const own = await add('going.example');
  await assert.rejects(add('nowhere.example'), { code: 'NOT_FOUND' });
  const seen = async (domain: string | null) =>
    (await webhooks.list({ after: '0', domain, limit: 10 })).map((row) => row.webhookId);
  assert.deepEqual(await seen('going.example'), [own]);
  assert.deepEqual(await seen(null), [webhookId, own]);
  for (const [id, domain] of [
    [webhookId, 'going.example'],
    [own, 'example.org'],
  ] as const) {
    await assert.rejects(webhooks.find(id, domain), { code: 'NOT_FOUND' });
    const chosen = { webhookId: id, domain };
    await assert.rejects(webhooks.set({ ...chosen, enabled: false }), { code: 'NOT_FOUND' });
    await assert.rejects(webhooks.test(chosen), { code: 'NOT_FOUND' });
    await assert.rejects(webhooks.remove(chosen), { code: 'NOT_FOUND' });
  }
  await store.directory.removeDomain({ name: 'going.example' });
  assert.deepEqual(await seen(null), [webhookId]);
});

test('a domain has its share: fewer webhooks, fewer events at once, none when enough is under way', async () => {
  const own = await add('example.org');
  await write(20, own);
  await write(20);
  const [{ domain_id: domainId } = {}] = await database.query('select domain_id from domain');
  const first = await webhooks.claim({ ...all, slowWebhookIds: [webhookId] });
  const counts = [own, webhookId].map((id) => first.filter((row) => row.webhookId === id).length);
  assert.deepEqual(counts, [webhookClaimRowsOfDomainMax, 1]);
  assert.equal(first.find((row) => row.webhookId === own)?.domainId, String(domainId));
  const rest = await webhooks.claim({ ...all, exceptDomainIds: [String(domainId)] });
  assert.deepEqual(new Set(rest.map((row) => row.webhookId)), new Set([webhookId]));
  const claimed = await database.query(
    'select count(*)::int as n from webhook_delivery where attempts = 1 and webhook_id = $1',
    [own],
  );
  assert.deepEqual(claimed, [{ n: webhookClaimRowsOfDomainMax }]);
  for (let count = 1; count < webhooksOfDomainMax; count += 1) await add('example.org');
  await assert.rejects(add('example.org'), { code: 'CONFLICT' });
  await add();
  const [made] = await database.query(
    'select count(*)::int as n from webhook where domain_id is not null',
  );
  assert.deepEqual(made, { n: webhooksOfDomainMax });
});
