/**
 * Writes the event `webhook.test` for one webhook, whatever it wants, with its audit row: it goes the way
 * of every other event. Answers no row when there is none, none of that domain, or it is suspended.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';
import { payloadSql } from '../webhook-event.ts';
import type { WebhookChoice } from './remove-webhook.ts';

export interface TestDelivery {
  readonly deliveryId: string;
  readonly eventId: string;
}

const payload = payloadSql({
  ...{ id: 'e.event_id', event: "'webhook.test'", domain: 'd.name', mailbox: 'null' },
  data: "'{}'::jsonb",
});

export const testWebhook: Statement<WebhookChoice, TestDelivery> = {
  name: 'test_webhook',
  text: `
with written as (
  insert into webhook_delivery (webhook_id, event_id, event, payload)
  select w.webhook_id, e.event_id, 'webhook.test', ${payload}
  from (select gen_random_uuid() as event_id offset 0) e
  join webhook w on w.webhook_id = $1::bigint and w.enabled
  left join domain d on d.domain_id = w.domain_id
  where $2::text is null or d.name = $2
  returning webhook_id, delivery_id, event_id, payload->>'domain' as domain),
audited as (
  insert into audit (actor, action, subject, detail)
  select $3, 'webhook.test', webhook_id::text,
         jsonb_strip_nulls(jsonb_build_object('event', event_id, 'domain', domain))
  from written)
select delivery_id, event_id from written`,
  parameters: ({ webhookId, domain, actor }) => [webhookId, domain, actor],
  row: (row) => ({ deliveryId: textAt(row, 0), eventId: textAt(row, 1) }),
};
