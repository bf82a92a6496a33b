/**
 * Claims events that are due, a few for each webhook, so that a receiver that is slow or away holds up
 * nobody else's. A claim is a time, not a lock: it counts the attempt at once, and a node that dies in
 * the middle leaves a row that another one takes up when the time is over.
 *
 * Those of one domain get fewer at once, and one whose receiver was slow gets one: what is under way is bounded,
 * and must not be filled by receivers that do not answer.
 *
 * Plan: the few webhooks, for each the first rows of the partial index on what is due.
 */

import { numberAt, textAt, textOrNullAt } from '../field.ts';
import {
  webhookClaimRowsMax,
  webhookClaimRowsOfDomainMax,
  webhookClaimSeconds,
} from '../limits.ts';
import { int8Array } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface WebhookClaim {
  /** Whose events are being sent here: of them nothing more is claimed. */
  readonly exceptWebhookIds: readonly string[];
  /** Domains of which enough is being sent here. */
  readonly exceptDomainIds?: readonly string[];
  /** Of these one event at a time. */
  readonly slowWebhookIds?: readonly string[];
  readonly limit: number;
}

export interface ClaimedDelivery {
  readonly deliveryId: string;
  readonly webhookId: string;
  /** Null for a webhook of all domains. */
  readonly domainId: string | null;
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
  from (select webhook_id, case when webhook_id = any ($3::bigint[]) then 1
                                when domain_id is null then ${webhookClaimRowsMax}
                                else ${webhookClaimRowsOfDomainMax} end as rows_max
        from webhook
        where enabled and webhook_id <> all ($1::bigint[])
          and (domain_id is null or domain_id <> all ($4::bigint[])) order by random()) w
  cross join lateral (
    select p.delivery_id from webhook_delivery p
    where p.webhook_id = w.webhook_id and p.state = 'pending' and p.next_attempt_at <= now()
    order by p.next_attempt_at limit w.rows_max
    for update skip locked) d
  limit $2),
claimed as (
  update webhook_delivery p
  set attempts = p.attempts + 1, next_attempt_at = now() + make_interval(secs => ${webhookClaimSeconds})
  where p.delivery_id = any (array(select delivery_id from due))
  returning p.delivery_id, p.webhook_id, p.event_id, p.event, p.payload::text as payload, p.attempts)
select c.delivery_id, c.webhook_id, c.event_id, c.event, c.payload, c.attempts, w.url, w.secret,
       case when w.former_until > now() then w.former_secret end, w.domain_id
from claimed c join webhook w on w.webhook_id = c.webhook_id`,
  parameters: ({ exceptWebhookIds, limit, slowWebhookIds = [], exceptDomainIds = [] }) => [
    ...[int8Array(exceptWebhookIds), String(limit)],
    ...[int8Array(slowWebhookIds), int8Array(exceptDomainIds)],
  ],
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
    domainId: textOrNullAt(row, 9),
  }),
};
