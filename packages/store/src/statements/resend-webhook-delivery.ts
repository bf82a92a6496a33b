/**
 * Has an event sent again that is dead or was delivered, from its first attempt on, with its audit row.
 * Answers no row when there is none, none of that domain, it is pending, or its webhook is suspended.
 *
 * Plan: the primary key.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface ResentDelivery {
  readonly deliveryId: string;
  /** Only of a webhook of this domain; null for any. */
  readonly domain: string | null;
  readonly actor: string;
}

export const resendWebhookDelivery: Statement<ResentDelivery, string> = {
  name: 'resend_webhook_delivery',
  text: `
with again as (
  update webhook_delivery p
  set state = 'pending', attempts = 0, next_attempt_at = now(), finished_at = null
  where p.delivery_id = $1::bigint and p.state <> 'pending' and exists (
    select from webhook w left join domain d on d.domain_id = w.domain_id
    where w.webhook_id = p.webhook_id and w.enabled and ($2::text is null or d.name = $2))
  returning p.webhook_id, p.delivery_id),
audited as (
  insert into audit (actor, action, subject, detail)
  select $3, 'webhook.resend', a.webhook_id::text, jsonb_strip_nulls(jsonb_build_object(
           'delivery', a.delivery_id::text, 'domain', (
             select d.name from webhook w join domain d on d.domain_id = w.domain_id
             where w.webhook_id = a.webhook_id)))
  from again a)
select webhook_id from again`,
  parameters: ({ deliveryId, domain, actor }) => [deliveryId, domain, actor],
  row: (row) => textAt(row, 0),
};
