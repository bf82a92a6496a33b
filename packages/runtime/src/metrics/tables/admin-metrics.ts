/**
 * The REST API.
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
} as const satisfies MetricTable;
