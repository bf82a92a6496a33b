/**
 * The store as a node sees it: locks, caches, connections and statements.
 *
 * Never: a number for each mailbox.
 */

import { durationBuckets, type LabelDefinition, type MetricTable } from './definition.ts';

/** The store's error codes, and `INTERNAL` for what is none of them. */
const storeCode: LabelDefinition = {
  name: 'code',
  values: [
    ...['STORE_UNAVAILABLE', 'STORE_TIMEOUT', 'STORE_REFUSED', 'STORE_INCOMPATIBLE'],
    ...['STORE_CORRUPT', 'STORE_FAULT', 'OWNER_EXPIRED', 'MESSAGE_GONE', 'OUTCOME_UNKNOWN'],
    ...['CONFLICT', 'STALE', 'NOT_FOUND', 'INVALID', 'INTERNAL'],
  ],
};

/** The connections of a store, by what they are for. */
const lane: LabelDefinition = { name: 'lane', values: ['short', 'read', 'work', 'stream'] };

/** What runs all the time; administration and what runs rarely is `other`. */
const statement: LabelDefinition = {
  name: 'statement',
  values: [
    ...['take_locks', 'read_opened', 'find_logins', 'release_locks', 'list_messages'],
    ...['read_bodies', 'read_mailbox_bodies', 'read_slice', 'copy_body', 'flag_messages'],
    ...['find_recipients', 'deliver_message', 'deliver_message_told', 'claim_receipt'],
    ...['purge_messages', 'renew_owners'],
    'exchange_penalties',
  ],
};

const statementBuckets = [
  0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5,
];

export const storeMetrics = {
  poplar_store_errors_total: {
    type: 'counter',
    help: 'Calls on the store that failed, by code.',
    labels: [storeCode],
  },
  poplar_open_batch_size: {
    type: 'histogram',
    help: 'Maildrops that were opened by one statement.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128],
  },
  poplar_opens_waiting: { type: 'gauge', help: 'Logins that wait to be opened by the next batch.' },
  poplar_closes_waiting: {
    type: 'gauge',
    help: 'Locks that wait to be released by the next batch.',
  },
  poplar_closes_abandoned_total: {
    type: 'counter',
    help: 'Releases of locks that were left to a new epoch of their owner.',
  },
  poplar_lock_wait_duration_seconds: {
    type: 'histogram',
    help: 'How long logins waited for a maildrop that was in use, by how that ended.',
    labels: [{ name: 'outcome', values: ['opened', 'in-use', 'refused', 'failed'] }],
    buckets: durationBuckets,
  },
  poplar_locks_stolen_total: {
    type: 'counter',
    help: 'Locks that were taken from an owner whose lease was over or whose epoch was past.',
  },
  poplar_lock_questions_asked_total: {
    type: 'counter',
    help: 'Owners of maildrops in use that were told that another login wants it.',
  },
  poplar_lock_questions_heard_total: {
    type: 'counter',
    help: 'Questions about locks of this node that it heard.',
  },
  poplar_owner_epochs_total: {
    type: 'counter',
    help: 'Epochs of owner rows that were begun: one for each connection that was made anew.',
  },
  poplar_flags_unsettled_total: {
    type: 'counter',
    help: 'QUITs whose commit was in doubt and had to be looked up.',
  },
  poplar_login_cache_hits_total: { type: 'counter', help: 'Names that needed no look-up.' },
  poplar_login_cache_misses_total: { type: 'counter', help: 'Names that were looked up.' },
  poplar_login_cache_entries: { type: 'gauge', help: 'Names that are remembered now.' },
  poplar_snapshot_cache_hits_total: {
    type: 'counter',
    help: 'Lists of messages that were known already.',
  },
  poplar_snapshot_cache_misses_total: {
    type: 'counter',
    help: 'Lists of messages that were read from the database.',
  },
  poplar_snapshot_cache_bytes: { type: 'gauge', help: 'Memory of the lists that are kept.' },
  poplar_body_reads_total: {
    type: 'counter',
    help: 'Bodies read: some small ones at once, a slice of one, or one as a stream.',
    labels: [{ name: 'way', values: ['batch', 'slice', 'stream'] }],
  },
  poplar_postgresql_connections: {
    type: 'gauge',
    help: 'Connections to PostgreSQL, by lane and whether they are lent to somebody.',
    labels: [lane, { name: 'state', values: ['idle', 'busy'] }],
  },
  poplar_postgresql_connection_waiters: {
    type: 'gauge',
    help: 'Callers that wait for a connection to PostgreSQL.',
    labels: [lane],
  },
  poplar_postgresql_statement_duration_seconds: {
    type: 'histogram',
    help: 'From a statement to its last row, as the node sees it; of copy_body to the last byte taken.',
    labels: [statement],
    buckets: statementBuckets,
  },
  poplar_postgresql_statement_failures_total: {
    type: 'counter',
    help: 'Statements that failed.',
    labels: [statement],
  },
} as const satisfies MetricTable;
