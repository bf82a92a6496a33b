/**
 * The worker threads themselves, summed over them but for what is of each; what the main thread sees of each is
 * in exposition.ts.
 *
 * Never: the main thread, whose figures are `nodejs_` and `process_`.
 */

import type { MetricTable } from './definition.ts';

export const threadMetrics = {
  poplar_event_loop_delay_seconds: {
    type: 'histogram',
    help: 'How late timers of the worker threads were, looked at all the time.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  },
  poplar_worker_event_loop_delay_max_seconds: {
    type: 'gauge',
    help: 'How late a timer of the worker thread was at most, within the last minute.',
  },
  poplar_gc_duration_seconds: {
    type: 'histogram',
    help: 'Garbage collections of the worker threads.',
    labels: [{ name: 'kind', values: ['minor', 'major', 'incremental', 'weak'] }],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5],
  },
  poplar_spans_total: {
    type: 'counter',
    help: 'Spans of traces that the collector took, and those that were lost.',
    labels: [{ name: 'outcome', values: ['sent', 'dropped'] }],
  },
} as const satisfies MetricTable;
