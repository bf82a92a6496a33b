/**
 * Removes a webhook, with its audit row; all nodes are told. What was written for it goes later
 * (purge-webhook-deliveries.ts): nobody sends it from now on. Answers no row when there is none, or none of
 * that domain.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface WebhookChoice {
  readonly webhookId: string;
  /** Only one of this domain; null for any. */
  readonly domain: string | null;
  readonly actor: string;
}

export const removeWebhook: Statement<WebhookChoice, string> = {
  name: 'remove_webhook',
  text: `
with removed as (
  delete from webhook w
  where w.webhook_id = $1::bigint
    and ($2::text is null or w.domain_id = (select d.domain_id from domain d where d.name = $2))
  returning w.webhook_id, w.domain_id),
audited as (
  insert into audit (actor, action, subject, detail)
  select $3, 'webhook.remove', webhook_id::text, jsonb_strip_nulls(jsonb_build_object('domain', (
           select d.name from domain d where d.domain_id = r.domain_id)))
  from removed r)
select webhook_id, pg_notify('poplar_webhook', 'webhooks') from removed`,
  parameters: ({ webhookId, domain, actor }) => [webhookId, domain, actor],
  row: (row) => textAt(row, 0),
};
