/**
 * Writes down what became of an attempt: delivered, to be tried again later, or dead. Nothing is changed
 * when another attempt has begun meanwhile, because this one took longer than its claim: that one says.
 *
 * Plan: the primary key.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';
import type { DeliveryState } from './list-webhook-deliveries.ts';

export interface SettledAttempt {
  readonly deliveryId: string;
  /** Which attempt it was. */
  readonly attempts: number;
  /** `pending`: it is tried again after `delaySeconds`. */
  readonly state: DeliveryState;
  readonly delaySeconds: number;
  /** Null when there was no answer. */
  readonly status: number | null;
  /** One of few words; null when it was delivered. */
  readonly error: string | null;
}

export const settleWebhookDelivery: Statement<SettledAttempt, string> = {
  name: 'settle_webhook_delivery',
  text: `
update webhook_delivery
set state = $3, last_status = $5::integer, last_error = $6,
    next_attempt_at = now() + make_interval(secs => $4::float8),
    finished_at = case when $3 = 'pending' then null else now() end
where delivery_id = $1::bigint and attempts = $2::integer and state = 'pending'
returning delivery_id`,
  parameters: ({ deliveryId, attempts, state, delaySeconds, status, error }) => [
    deliveryId,
    String(attempts),
    state,
    String(delaySeconds),
    status === null ? null : String(status),
    error,
  ],
  row: (row) => textAt(row, 0),
};
