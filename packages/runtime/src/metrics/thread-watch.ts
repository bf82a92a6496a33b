/**
 * How a worker thread itself fares: how late its timers are, and what its garbage collections take.
 *
 * A timer that should have come at a moment comes when the loop has got round to it; the difference is
 * what a client that sends something at that moment has to wait. One timer, ten times a second, is cheap
 * and sees every stall that lasts.
 *
 * Never: keep a thread alive.
 */

import { constants, PerformanceObserver } from 'node:perf_hooks';
import { loopMaximumSlicesMax, loopMaximumWindowMs, loopWatchIntervalMs } from '../limits.ts';
import type { MetricSet } from './metric-set.ts';
import { RecentMaximum } from './recent-maximum.ts';

const kinds: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak'],
]);

/** From now on, until the thread ends. */
export function watchThread(metrics: MetricSet): void {
  const largest = new RecentMaximum(loopMaximumWindowMs, loopMaximumSlicesMax);
  let dueAtMs = performance.now() + loopWatchIntervalMs;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const seconds = Math.max(0, nowMs - dueAtMs) / 1_000;
    metrics.observe('poplar_event_loop_delay_seconds', seconds);
    largest.add(seconds, nowMs);
    dueAtMs = nowMs + loopWatchIntervalMs;
  }, loopWatchIntervalMs);
  timer.unref();
  metrics.refreshedBy(() => {
    metrics.set('poplar_worker_event_loop_delay_max_seconds', largest.at(performance.now()));
  });
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const kind = kinds.get(kindOf('detail' in entry ? entry.detail : null));
      metrics.observe('poplar_gc_duration_seconds', entry.duration / 1_000, kind);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
}

function kindOf(detail: unknown): number {
  if (typeof detail !== 'object' || detail === null || !('kind' in detail)) return -1;
  return typeof detail.kind === 'number' ? detail.kind : -1;
}
