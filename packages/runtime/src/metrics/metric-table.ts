/**
 * Every metric that a thread counts, in one table made of those in tables/: name, meaning, type, and
 * for each label all the values it may have. The layout of the numbers follows from this table, so all
 * threads agree on it without talking.
 *
 * Never: a metric that is defined anywhere else, except what only the main thread can know
 * (exposition.ts) and what is of the whole cluster (cluster-exposition.ts).
 */

import { adminMetrics } from './tables/admin-metrics.ts';
import type { MetricDefinition } from './tables/definition.ts';
import { loginMetrics } from './tables/login-metrics.ts';
import { maildropMetrics } from './tables/maildrop-metrics.ts';
import { sessionMetrics } from './tables/session-metrics.ts';
import { storeMetrics } from './tables/store-metrics.ts';
import { threadMetrics } from './tables/thread-metrics.ts';

export const metricTable = {
  ...adminMetrics,
  ...sessionMetrics,
  ...loginMetrics,
  ...maildropMetrics,
  ...storeMetrics,
  ...threadMetrics,
} as const;

export type MetricName = keyof typeof metricTable;

/**
 * Gauges without labels that are shown of each worker thread, with its role and number, and not as a sum: what
 * one thread alone suffers from must not vanish among the others.
 */
export const gaugesOfEachWorker = [
  'poplar_worker_event_loop_delay_max_seconds',
] as const satisfies readonly MetricName[];

/** The table, seen without its literal types. */
export const metricDefinitions: ReadonlyMap<string, MetricDefinition> = new Map(
  Object.entries(metricTable),
);
