/**
 * Attempts to log in, and the hashes they cost.
 *
 * Never: a name, whether it is one of ours or not.
 */

import { durationBuckets, type LabelDefinition, type MetricTable } from './definition.ts';

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

export const loginMetrics = {
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
  poplar_login_duration_seconds: {
    type: 'histogram',
    help: 'From the last octet of an attempt to log in to its answer.',
    buckets: durationBuckets,
  },
  poplar_hashes_waiting: {
    type: 'gauge',
    help: 'Verifications of passwords that wait for a place.',
  },
  poplar_hashes_running: {
    type: 'gauge',
    help: 'Verifications of passwords that are computed now.',
  },
  poplar_hash_duration_seconds: {
    type: 'histogram',
    help: 'Of a verification of a password, its wait for a place included.',
    buckets: durationBuckets,
  },
  poplar_verification_cache_hits_total: {
    type: 'counter',
    help: 'Passwords that needed no hash, because they had matched lately.',
  },
  poplar_verification_cache_misses_total: {
    type: 'counter',
    help: 'Passwords that needed a hash.',
  },
} as const satisfies MetricTable;
