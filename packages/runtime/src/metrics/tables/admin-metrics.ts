/**
 * The REST API, and the events that are sent to webhooks.
 *
 * Never: a path, a token or an address of a caller.
 */

import type { MetricTable } from './definition.ts';

export const adminMetrics = {
  poplar_admin_requests_total: {
    type: 'counter',
    help: 'Requests to the REST API, by the class of their status.',
    labels: [{ name: 'status', values: ['2xx', '3xx', '4xx', '5xx'] }],
  },
  poplar_webhook_attempts_total: {
    type: 'counter',
    help: 'Attempts to send an event to a webhook; `refused` are those whose address is not allowed.',
    labels: [{ name: 'outcome', values: ['delivered', 'failed', 'refused'] }],
  },
  poplar_webhook_dead_letters_total: {
    type: 'counter',
    help: 'Events that are not sent any more: too many attempts, or their webhook was suspended.',
  },
} as const satisfies MetricTable;
