/**
 * Every metric that a thread counts, in one table: name, meaning, type, and for each label all the
 * values it may have. The layout of the numbers follows from this table, so all threads agree on it
 * without talking.
 *
 * Never: a label whose values a client can choose (no names, no addresses); a metric that is
 * defined anywhere else, except what only the main thread can know (exposition.ts).
 */

interface LabelDefinition {
  readonly name: string;
  /** All there are; anything else is counted as `other`. */
  readonly values: readonly string[];
}

export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels?: readonly LabelDefinition[];
  /** Upper bounds, ascending, in the metric's unit. Histograms only. */
  readonly buckets?: readonly number[];
}

const listener: LabelDefinition = {
  name: 'listener',
  values: ['pop3', 'pop3s', 'lmtp', 'pop3-proxy', 'pop3s-proxy'],
};

const closeReason: LabelDefinition = {
  name: 'reason',
  values: [
    'quit',
    'client-closed',
    'client-reset',
    'login-timeout',
    'idle-timeout',
    'write-stall',
    'tls-failed',
    'too-many-errors',
    'too-many-failures',
    'too-much-before-login',
    'stls-injection',
    'wrong-protocol',
    'broken-message',
    'not-updated',
    'owner-lost',
    'cut-off',
    'taken-over',
    'kicked',
    'evicted',
    'full',
    'address-full',
    'proxy-untrusted',
    'proxy-malformed',
    'proxy-timeout',
    'shutdown',
    'error',
  ],
};

const loginOutcome: LabelDefinition = {
  name: 'outcome',
  values: ['opened', 'credentials', 'in-use', 'temporary', 'disabled', 'login-delay'],
};

const loginMechanism: LabelDefinition = {
  name: 'mechanism',
  values: [
    ...['USER', 'APOP', 'PLAIN', 'LOGIN', 'SCRAM-SHA-1', 'SCRAM-SHA-1-PLUS', 'SCRAM-SHA-256'],
    ...['SCRAM-SHA-256-PLUS', 'OAUTHBEARER', 'XOAUTH2', 'EXTERNAL'],
  ],
};

/** Finer than the outcome, which is all that the client is told. */
const loginReason: LabelDefinition = {
  name: 'reason',
  values: [
    ...['opened', 'unknown-name', 'wrong-secret', 'no-such-credential', 'no-grant', 'bad-token'],
    ...['bad-certificate', 'suspended', 'in-use', 'login-delay', 'throttled', 'overloaded'],
    ...['unusable-record', 'credentials-changing', 'provider-unavailable', 'store-unavailable'],
    ...['client-gone', 'abandoned'],
  ],
};

const deliveryOutcome: LabelDefinition = {
  name: 'outcome',
  values: ['delivered', 'no-mailbox', 'suspended', 'too-large', 'temporary', 'refused'],
};

/** The store's error codes, and `INTERNAL` for what is none of them. */
const storeCode: LabelDefinition = {
  name: 'code',
  values: [
    ...['STORE_UNAVAILABLE', 'STORE_TIMEOUT', 'STORE_REFUSED', 'STORE_INCOMPATIBLE'],
    ...['STORE_CORRUPT', 'STORE_FAULT', 'OWNER_EXPIRED', 'MESSAGE_GONE', 'OUTCOME_UNKNOWN'],
    ...['CONFLICT', 'NOT_FOUND', 'INVALID', 'INTERNAL'],
  ],
};

/** Seconds, from a memory look-up to a client that has given up. */
const durationBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

export const metricTable = {
  poplar_connections_opened_total: {
    type: 'counter',
    help: 'Connections accepted.',
    labels: [listener],
  },
  poplar_connections_closed_total: {
    type: 'counter',
    help: 'Connections closed, by why.',
    labels: [listener, closeReason],
  },
  poplar_connections: {
    type: 'gauge',
    help: 'Connections open now.',
    labels: [listener],
  },
  poplar_sessions: { type: 'gauge', help: 'POP3 sessions that hold a maildrop now.' },
  poplar_logins_total: {
    type: 'counter',
    help: 'Attempts to log in, by what the client was told and the mechanism.',
    labels: [loginOutcome, loginMechanism],
  },
  poplar_login_reasons_total: {
    type: 'counter',
    help: 'Attempts to log in, by why they ended as they did.',
    labels: [loginReason],
  },
  poplar_hashes_waiting: {
    type: 'gauge',
    help: 'Verifications of passwords that wait for a place.',
  },
  poplar_verification_cache_hits_total: {
    type: 'counter',
    help: 'Passwords that needed no hash, because they had matched lately.',
  },
  poplar_verification_cache_misses_total: {
    type: 'counter',
    help: 'Passwords that needed a hash.',
  },
  poplar_login_duration_seconds: {
    type: 'histogram',
    help: 'From the last octet of an attempt to log in to its answer.',
    buckets: durationBuckets,
  },
  poplar_messages_retrieved_total: {
    type: 'counter',
    help: 'Messages sent whole (RETR).',
  },
  poplar_octets_retrieved_total: {
    type: 'counter',
    help: 'Octets of messages sent, by RETR and TOP, dot-stuffed.',
  },
  poplar_messages_flagged_total: {
    type: 'counter',
    help: 'Messages that a QUIT removed from their maildrop.',
  },
  poplar_update_duration_seconds: {
    type: 'histogram',
    help: 'From QUIT with marked messages to the commit.',
    buckets: durationBuckets,
  },
  poplar_deliveries_total: {
    type: 'counter',
    help: 'Recipients of messages that came in by LMTP, by what became of them.',
    labels: [deliveryOutcome],
  },
  poplar_octets_delivered_total: {
    type: 'counter',
    help: 'Octets of messages delivered, one time per mailbox.',
  },
  poplar_messages_purged_total: {
    type: 'counter',
    help: 'Flagged messages whose rows were removed.',
  },
  poplar_store_errors_total: {
    type: 'counter',
    help: 'Calls on the store that failed, by code.',
    labels: [storeCode],
  },
  poplar_stls_injections_total: {
    type: 'counter',
    help: 'Connections that sent octets behind STLS before TLS was up: an attack or a broken client.',
  },
  poplar_tls_handshakes_total: {
    type: 'counter',
    help: 'TLS handshakes completed.',
    labels: [listener, { name: 'session', values: ['new', 'resumed'] }],
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof metricTable;

/** The table, seen without its literal types. */
export const metricDefinitions: ReadonlyMap<string, MetricDefinition> = new Map(
  Object.entries(metricTable),
);
