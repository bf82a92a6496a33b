/**
 * Mail on its way in, and flagged mail on its way out.
 *
 * Never: a sender or a recipient.
 */

import { durationBuckets, type LabelDefinition, type MetricTable } from './definition.ts';

const deliveryOutcome: LabelDefinition = {
  name: 'outcome',
  values: [
    'delivered',
    'no-mailbox',
    'suspended',
    'too-large',
    'over-quota',
    'temporary',
    'refused',
  ],
};

export const maildropMetrics = {
  poplar_deliveries_total: {
    type: 'counter',
    help: 'Recipients of messages that came in by LMTP, by what became of them.',
    labels: [deliveryOutcome],
  },
  poplar_delivered_bytes_total: {
    type: 'counter',
    help: 'Bytes of messages delivered, one time per mailbox.',
  },
  poplar_delivery_duration_seconds: {
    type: 'histogram',
    help: 'From the end of a message to the outcome for all its recipients.',
    buckets: durationBuckets,
  },
  poplar_messages_purged_total: {
    type: 'counter',
    help: 'Flagged messages whose rows were removed.',
  },
  poplar_purge_rounds_total: {
    type: 'counter',
    help: 'Rounds of the purge, by how they ended.',
    labels: [{ name: 'outcome', values: ['done', 'failed'] }],
  },
} as const satisfies MetricTable;
