/**
 * The figures of the whole cluster, read once in a few seconds by one reader at a time, however many look at
 * the overview or scrape /metrics.
 *
 * Never: a failure that is kept; the next who asks tries again.
 */

import { createClusterExposition } from '@poplar/runtime';
import type { Cluster, ClusterFigures } from '@poplar/store';
import { overviewKeptMs } from './limits.ts';

interface DatedFigures extends ClusterFigures {
  readonly at: Date;
}

export interface ClusterView {
  /** Rejects with a StoreError. */
  readonly figures: () => Promise<DatedFigures>;
  /** In Prometheus' text format; of a database that is away there is one figure that says so. */
  readonly print: () => Promise<string>;
  readonly contentType: string;
}

export function viewCluster(cluster: Pick<Cluster, 'figures'>): ClusterView {
  let kept: Promise<DatedFigures> | null = null;
  let keptUntilMs = 0;
  const read = async (): Promise<DatedFigures> => {
    try {
      const figures = await cluster.figures();
      keptUntilMs = performance.now() + overviewKeptMs;
      return { ...figures, at: new Date() };
    } catch (error) {
      kept = null;
      throw error;
    }
  };
  const figures = (): Promise<DatedFigures> => {
    if (kept === null || performance.now() > keptUntilMs) {
      // While it is under way, all who ask wait for this one.
      keptUntilMs = Infinity;
      kept = read();
    }
    return kept;
  };
  // The exposition keeps what it printed for its own time: this one is not asked more often.
  const { print, contentType } = createClusterExposition(figures);
  return { figures, print, contentType };
}
