/**
 * Suspends webhooks whose backlog has reached its bound, with an audit row, and makes dead letters of
 * what waits for one that is suspended or gone, a bounded number at a time. Answers how many of both.
 *
 * Plan: for each of the few webhooks its part of the partial index on what is due, as far as the bound;
 * what waits for a webhook is read past where that is enabled, which the first part bounds.
 */

import { numberAt } from '../field.ts';
import { webhookBacklogMax, webhookRowsPurgedMax } from '../limits.ts';
import type { Statement } from '../statement.ts';

export interface BuriedDeliveries {
  readonly suspended: number;
  readonly buried: number;
}

export const buryWebhookDeliveries: Statement<void, BuriedDeliveries> = {
  name: 'bury_webhook_deliveries',
  text: `
with suspended as (
  update webhook w set enabled = false
  where w.enabled and exists (
    select from webhook_delivery p
    where p.webhook_id = w.webhook_id and p.state = 'pending' offset ${webhookBacklogMax} limit 1)
  returning w.webhook_id, w.domain_id),
audited as (
  insert into audit (actor, action, subject, detail)
  select 'system', 'webhook.suspend', webhook_id::text, jsonb_strip_nulls(jsonb_build_object(
           'backlog', ${webhookBacklogMax},
           'domain', (select d.name from domain d where d.domain_id = s.domain_id)))
  from suspended s),
buried as (
  update webhook_delivery p
  set state = 'dead', finished_at = now(), last_error = 'suspended'
  where p.delivery_id = any (array(
    select q.delivery_id from webhook_delivery q
    where q.state = 'pending' and not exists (
      select from webhook w where w.webhook_id = q.webhook_id and w.enabled)
    limit ${webhookRowsPurgedMax} for update skip locked))
  returning p.delivery_id)
select (select count(*) from suspended), (select count(*) from buried),
       case when exists (select from suspended) then pg_notify('poplar_webhook', 'webhooks') end`,
  parameters: () => [],
  row: (row) => ({ suspended: numberAt(row, 0), buried: numberAt(row, 1) }),
};
