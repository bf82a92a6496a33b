/**
 * The plans of what tells webhooks and of what sends to them, as the store's own sessions get them: only the
 * table of webhooks, which is small, is ever read from end to end.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type pg from 'pg';
import { sessionSettings } from './connection/session-settings.ts';
import type { Statement } from './statement.ts';
import { buryWebhookDeliveries } from './statements/bury-webhook-deliveries.ts';
import { claimWebhookDeliveries } from './statements/claim-webhook-deliveries.ts';
import { deliverMessageTold } from './statements/deliver-message-told.ts';
import { listWebhookDeliveries } from './statements/list-webhook-deliveries.ts';
import { purgeWebhookDeliveries } from './statements/purge-webhook-deliveries.ts';
import { readClusterFigures } from './statements/read-cluster-figures.ts';
import { resendWebhookDelivery } from './statements/resend-webhook-delivery.ts';
import { settleWebhookDelivery } from './statements/settle-webhook-delivery.ts';
import { tellFailedLogins } from './statements/tell-failed-logins.ts';
import { tellStolenLocks } from './statements/tell-stolen-locks.ts';
import { type TemporaryDatabase, temporaryDatabase } from './testing/temporary-database.ts';

let database: TemporaryDatabase;
let client: pg.Client;

before(async () => {
  database = await temporaryDatabase();
  // Statistics of an empty database, then rows that they do not know of.
  await database.query('vacuum analyze');
  await database.query("insert into domain (name) values ('example.org')");
  await database.query(`
    insert into mailbox (domain_id, address)
    select domain_id, 'p' || i || '@example.org' from domain, generate_series(1, 1000) i`);
  await database.query(`
    insert into webhook (url, events, secret) values ('https://hooks.example.com/', '{}', 's')`);
  await database.query(`
    insert into webhook_delivery (webhook_id, event_id, event, payload, state, finished_at)
    select 1, gen_random_uuid(), 'lock.broken', '{}',
           case when i % 2 = 0 then 'pending' else 'dead' end, case when i % 2 = 0 then null else now() end
    from generate_series(1, 5000) i`);
  client = await database.client();
  for (const [name, value] of sessionSettings) await client.query(`set ${name} = ${value}`);
});
after(() => database.drop());

const told: readonly Pick<Statement<never, unknown>, 'name' | 'text'>[] = [
  ...[deliverMessageTold, tellStolenLocks, tellFailedLogins],
  ...[claimWebhookDeliveries, settleWebhookDelivery, resendWebhookDelivery],
  ...[listWebhookDeliveries, purgeWebhookDeliveries, buryWebhookDeliveries],
];

/** Of any values, as a statement that is prepared for good has it. */
async function planOf(name: string, text: string): Promise<string[]> {
  const numbers = [...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number));
  const nulls = Array.from({ length: Math.max(0, ...numbers) }, () => 'null');
  const call = nulls.length === 0 ? '' : `(${nulls.join(', ')})`;
  await client.query('set plan_cache_mode = force_generic_plan');
  await client.query(`prepare ${name} as ${text}`);
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(
    `explain (costs off) execute ${name}${call}`,
  );
  return rows.map((row) => row['QUERY PLAN']);
}

for (const { name, text } of told) {
  test(`${name} scans no table that grows`, async () => {
    const lines = await planOf(name, text);
    const scans = lines.filter(
      (line) => / Scan .*on /.test(line) && !/ on webhook\b(?!_)/.test(line),
    );
    assert.ok(
      scans.every((line) => !line.includes('Seq Scan')),
      lines.join('\n'),
    );
    for (const scan of scans.filter((line) => line.includes('Index'))) {
      const next = lines[lines.indexOf(scan) + 1] ?? '';
      // A partial index in its order, as far as a limit, is what it is for.
      const isBounded = /webhook_delivery_(?:due|old|dead)/.test(scan);
      assert.ok(isBounded || /Index Cond/.test(next), lines.join('\n'));
    }
  });
}

test('the figures of the cluster count by the partial indexes', async () => {
  const rows = await client.query<{ 'QUERY PLAN': string }>(
    `explain (costs off) ${readClusterFigures.text}`,
  );
  const text = rows.rows.map((row) => row['QUERY PLAN']).join('\n');
  assert.match(text, /webhook_delivery_due/);
  assert.match(text, /webhook_delivery_dead/);
  assert.doesNotMatch(text, /Seq Scan on webhook_delivery/);
});

test('a page of deliveries is the end of the index of its webhook', async () => {
  await client.query(`prepare page as ${listWebhookDeliveries.text}`);
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(
    "explain (costs off) execute page (1, 'dead', null, 10)",
  );
  assert.match(JSON.stringify(rows), /Backward using webhook_delivery_(?:listed|dead)/);
});
