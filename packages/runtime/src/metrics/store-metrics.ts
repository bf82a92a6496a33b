/**
 * A store's numbers as metrics. This package does not know the store: whatever has these numbers and
 * tells these events may be one.
 *
 * Never: an allocation for what is told as it happens.
 */

import type { MetricSet } from './metric-set.ts';

/** What is read off a store when numbers are wanted. */
export interface StoreNumbers {
  readonly lanes: readonly {
    readonly lane: string;
    readonly busy: number;
    readonly idle: number;
    readonly waiting: number;
  }[];
  readonly opensWaiting: number;
  readonly closesWaiting: number;
  readonly closesAbandoned: number;
  readonly epochs: number;
  readonly locksAsked: number;
  readonly locksHeard: number;
  readonly loginHits: number;
  readonly loginMisses: number;
  readonly loginsKept: number;
  readonly snapshotHits: number;
  readonly snapshotMisses: number;
  readonly snapshotOctets: number;
  readonly flagsUnsettled: number;
}

/** What a store tells as it happens. */
export interface StoreEvents {
  readonly statementRan: (statement: string, ms: number, isFailed: boolean) => void;
  readonly opensSent: (opens: number) => void;
  readonly locksStolen: (locks: number) => void;
  readonly lockWaited: (ms: number, end: string) => void;
  readonly bodiesRead: (way: string, bodies: number) => void;
}

export function storeEvents(metrics: MetricSet): StoreEvents {
  return {
    statementRan: (statement, ms, isFailed) => {
      metrics.observe('poplar_postgresql_statement_duration_seconds', ms / 1_000, statement);
      if (isFailed) metrics.inc('poplar_postgresql_statement_failures_total', statement);
    },
    opensSent: (opens) => metrics.observe('poplar_open_batch_size', opens),
    locksStolen: (locks) => metrics.add('poplar_locks_stolen_total', locks),
    lockWaited: (ms, end) => metrics.observe('poplar_lock_wait_duration_seconds', ms / 1_000, end),
    bodiesRead: (way, bodies) => metrics.add('poplar_body_reads_total', bodies, way),
  };
}

/** The numbers are read off before each snapshot. */
export function followStore(metrics: MetricSet, numbers: () => StoreNumbers): void {
  metrics.refreshedBy(() => {
    const now = numbers();
    for (const { lane, busy, idle, waiting } of now.lanes) {
      metrics.set('poplar_postgresql_connections', busy, lane, 'busy');
      metrics.set('poplar_postgresql_connections', idle, lane, 'idle');
      metrics.set('poplar_postgresql_connection_waiters', waiting, lane);
    }
    metrics.set('poplar_opens_waiting', now.opensWaiting);
    metrics.set('poplar_closes_waiting', now.closesWaiting);
    metrics.set('poplar_closes_abandoned_total', now.closesAbandoned);
    metrics.set('poplar_owner_epochs_total', now.epochs);
    metrics.set('poplar_lock_questions_asked_total', now.locksAsked);
    metrics.set('poplar_lock_questions_heard_total', now.locksHeard);
    metrics.set('poplar_login_cache_hits_total', now.loginHits);
    metrics.set('poplar_login_cache_misses_total', now.loginMisses);
    metrics.set('poplar_login_cache_entries', now.loginsKept);
    metrics.set('poplar_snapshot_cache_hits_total', now.snapshotHits);
    metrics.set('poplar_snapshot_cache_misses_total', now.snapshotMisses);
    metrics.set('poplar_snapshot_cache_bytes', now.snapshotOctets);
    metrics.set('poplar_flags_unsettled_total', now.flagsUnsettled);
  });
}
