/**
 * What was written for a webhook, the latest first, a page at a time; of one state if it is given.
 *
 * Plan: backwards along the index of a webhook's rows.
 */

import { dateAt, dateOrNullAt, numberAt, numberOrNullAt, textAt, textOrNullAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export const deliveryStates = ['pending', 'delivered', 'dead'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

export interface WebhookDeliveryPage {
  readonly webhookId: string;
  readonly state?: DeliveryState | undefined;
  /** The last id of the page before: older rows follow. */
  readonly before: string | null;
  readonly limit: number;
}

export interface WebhookDeliveryRow {
  readonly deliveryId: string;
  readonly eventId: string;
  readonly event: string;
  readonly state: string;
  readonly attempts: number;
  readonly createdAt: Date;
  /** Of one that is pending. */
  readonly nextAttemptAt: Date;
  readonly finishedAt: Date | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  /** JSON: the body as it is sent. */
  readonly payload: string;
}

export const listWebhookDeliveries: Statement<WebhookDeliveryPage, WebhookDeliveryRow> = {
  name: 'list_webhook_deliveries',
  text: `
select delivery_id, event_id, event, state, attempts, extract(epoch from created_at) * 1000,
       extract(epoch from next_attempt_at) * 1000, extract(epoch from finished_at) * 1000,
       last_status, last_error, payload::text
from webhook_delivery
where webhook_id = $1::bigint and ($2::text is null or state = $2)
  and ($3::bigint is null or delivery_id < $3)
order by delivery_id desc limit $4`,
  parameters: ({ webhookId, state, before, limit }) => [
    ...[webhookId, state ?? null, before, String(limit)],
  ],
  row: (row) => ({
    deliveryId: textAt(row, 0),
    eventId: textAt(row, 1),
    event: textAt(row, 2),
    state: textAt(row, 3),
    attempts: numberAt(row, 4),
    createdAt: dateAt(row, 5),
    nextAttemptAt: dateAt(row, 6),
    finishedAt: dateOrNullAt(row, 7),
    lastStatus: numberOrNullAt(row, 8),
    lastError: textOrNullAt(row, 9),
    payload: textAt(row, 10),
  }),
};
