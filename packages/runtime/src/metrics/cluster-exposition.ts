/**
 * The metrics of the whole cluster, which any node may be asked for, since all read them from one
 * database: to be scraped at one place, or they are counted several times.
 *
 * They are read once in a few seconds, by one reader at a time, however many ask. Of a database that is
 * away there is one figure, `poplar_cluster_up`, which is 0.
 *
 * Never: a second reading while the first is under way; a scrape that fails because the database does.
 */

import prom from 'prom-client';
import { clusterFiguresKeptMs } from '../limits.ts';
import {
  type ClusterFigures,
  clusterMetrics,
  databaseMetrics,
  nodeMetrics,
} from './tables/cluster-metrics.ts';

export interface ClusterExposition {
  readonly contentType: string;
  readonly print: () => Promise<string>;
}

export function createClusterExposition(
  read: () => Promise<ClusterFigures>,
  keptMs: number = clusterFiguresKeptMs,
): ClusterExposition {
  let printed: Promise<string> | null = null;
  let isReading = false;
  let printedAtMs = 0;
  const readAndPrint = async (): Promise<string> => {
    isReading = true;
    const figures = await read().catch(() => null);
    isReading = false;
    printedAtMs = performance.now();
    return print(figures);
  };
  return {
    contentType: prom.Registry.PROMETHEUS_CONTENT_TYPE,
    print: () => {
      const isOld = performance.now() - printedAtMs >= keptMs;
      if (printed === null || (isOld && !isReading)) printed = readAndPrint();
      return printed;
    },
  };
}

async function print(figures: ClusterFigures | null): Promise<string> {
  const registry = new prom.Registry();
  set(registry, 'poplar_cluster_up', [{ labels: {}, value: figures === null ? 0 : 1 }]);
  if (figures === null) return registry.metrics();
  const { nodes, database } = figures;
  for (const [name, metric] of Object.entries(nodeMetrics)) {
    set(registry, name, metric.samples(nodes));
  }
  for (const [name, metric] of Object.entries(databaseMetrics)) {
    const value = metric.value(database);
    if (value !== null) set(registry, name, [{ labels: {}, value }]);
  }
  return registry.metrics();
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function set(registry: prom.Registry, name: string, samples: readonly Sample[]): void {
  const { type = 'gauge', help = '', labels = [] } = clusterMetrics.get(name) ?? {};
  const settings = { name, help, labelNames: [...labels], registers: [registry] };
  if (type === 'counter') {
    const counter = new prom.Counter(settings);
    for (const sample of samples) counter.inc(sample.labels, sample.value);
    return;
  }
  const gauge = new prom.Gauge(settings);
  for (const sample of samples) gauge.set(sample.labels, sample.value);
}
