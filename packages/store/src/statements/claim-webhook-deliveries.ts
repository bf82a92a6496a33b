/**
 * Claims events that are due, a few for each webhook, so that a receiver that is slow or away holds up
 * nobody else's. A claim is a time, not a lock: it counts the attempt at once, and a node that dies in
 * the middle leaves a row that another one takes up when the time is over.
 *
 * Plan: the few webhooks, for each the first rows of the partial index on what is due.
 */

import { numberAt, textAt, textOrNullAt } from '../field.ts';
import { webhookClaimRowsMax, webhookClaimSeconds } from '../limits.ts';
import { int8Array } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface WebhookClaim {
  /** Whose events are being sent here: of them nothing more is claimed. */
  readonly exceptWebhookIds: readonly string[];
  readonly limit: number;
}

export interface ClaimedDelivery {
  readonly deliveryId: string;
  readonly webhookId: string;
  readonly eventId: string;
  readonly event: string;
  /** The body. */
  readonly payload: string;
  /** This one included. */
  readonly attempts: number;
  readonly url: string;
  readonly secret: string;
  readonly formerSecret: string | null;
}

export const claimWebhookDeliveries: Statement<WebhookClaim, ClaimedDelivery> = {
  name: 'claim_webhook_deliveries',
  text: `
with due as (
  select d.delivery_id
  from (select webhook_id from webhook
        where enabled and webhook_id <> all ($1::bigint[]) order by random()) w
  cross join lateral (
    select p.delivery_id from webhook_delivery p
    where p.webhook_id = w.webhook_id and p.state = 'pending' and p.next_attempt_at <= now()
    order by p.next_attempt_at limit ${webhookClaimRowsMax}
    for update skip locked) d
  limit $2),
claimed as (
  update webhook_delivery p
  set attempts = p.attempts + 1, next_attempt_at = now() + make_interval(secs => ${webhookClaimSeconds})
  where p.delivery_id = any (array(select delivery_id from due))
  returning p.delivery_id, p.webhook_id, p.event_id, p.event, p.payload::text as payload, p.attempts)
select c.delivery_id, c.webhook_id, c.event_id, c.event, c.payload, c.attempts, w.url, w.secret,
       case when w.former_until > now() then w.former_secret end
from claimed c join webhook w on w.webhook_id = c.webhook_id`,
  parameters: ({ exceptWebhookIds, limit }) => [int8Array(exceptWebhookIds), String(limit)],
  row: (row) => ({
    deliveryId: textAt(row, 0),
    webhookId: textAt(row, 1),
    eventId: textAt(row, 2),
    event: textAt(row, 3),
    payload: textAt(row, 4),
    attempts: numberAt(row, 5),
    url: textAt(row, 6),
    secret: textAt(row, 7),
    formerSecret: textOrNullAt(row, 8),
  }),
};
