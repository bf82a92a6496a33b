/**
 * What a scrape is answered: the numbers of all threads, summed, and what only the main thread can
 * know (the process, the state of each worker, the build), in Prometheus' text format.
 *
 * Never: a wait for a worker (the supervisor has bounded that already); a process_ metric counted
 * once per thread.
 */

import prom from 'prom-client';
import { addSnapshot, gaugeIn, samplesOf, snapshotLength } from './metric-set.ts';
import { gaugesOfEachWorker, metricDefinitions, metricTable } from './metric-table.ts';
import type { MetricDefinition } from './tables/definition.ts';

/** What the main thread knows of one worker. */
export interface WorkerGauges {
  readonly role: string;
  readonly worker: number;
  readonly isReady: boolean;
  /** 0 to 1 since the last scrape. */
  readonly eventLoopUtilization: number;
  readonly heapOctets: number;
  /** Memory beside the heap that belongs to objects in it. */
  readonly externalOctets: number;
  /** True if it did not answer in time and its last numbers were used. */
  readonly scrapeFailed: boolean;
  /** How often its place was filled anew. */
  readonly restarts: number;
  /** The last numbers of the thread; null when there is none. */
  readonly numbers: Float64Array | null;
}

export interface Collected {
  /** A load balancer may send clients here. */
  readonly isReady: boolean;
  /** When the default certificate ends; null while none is read. */
  readonly certificateEnd: Date | null;
  readonly workers: readonly WorkerGauges[];
  /** Of live workers, of dead ones (without gauges) and of the main thread. */
  readonly snapshots: readonly Float64Array[];
}

export interface Exposition {
  readonly contentType: string;
  readonly print: (collected: Collected) => Promise<string>;
}

interface Value {
  readonly value: number;
  readonly labels: Record<string, string | number>;
  readonly metricName?: string;
}

const ofEachWorker: ReadonlySet<string> = new Set(gaugesOfEachWorker);

/** promtool rejects these default metrics: gauges whose names end in _total. */
const misnamedDefaults = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

export function createExposition(build: { version: string; node: string }): Exposition {
  const registry = new prom.Registry();
  prom.collectDefaultMetrics({ register: registry });
  for (const name of misnamedDefaults) registry.removeSingleMetric(name);
  const info = new prom.Gauge({
    name: 'poplar_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version', 'node', 'runtime'],
    registers: [registry],
  });
  info.set({ ...build, runtime: process.version }, 1);
  const ready = new prom.Gauge({
    name: 'poplar_ready',
    help: '1 while the node is ready for clients, as /readyz says; 0 while it starts, drains or is cut off.',
    registers: [registry],
  });
  const certificateEnd = new prom.Gauge({
    name: 'poplar_certificate_expiry_timestamp_seconds',
    help: 'When the default certificate of the node ends, in seconds since 1970; 0 until it is read.',
    registers: [registry],
  });
  const workers = workerMetrics(registry);
  return {
    contentType: registry.contentType,
    print: async (collected) => {
      ready.set(collected.isReady ? 1 : 0);
      certificateEnd.set((collected.certificateEnd?.getTime() ?? 0) / 1_000);
      workers.set(collected.workers);
      const ofMain = await registry.metrics();
      return `${ofMain.trimEnd()}\n\n${await printSums(collected.snapshots)}`;
    },
  };
}

function workerMetrics(registry: prom.Registry): { set(workers: readonly WorkerGauges[]): void } {
  const labelNames = ['role', 'worker'];
  const gauge = (name: string, help: string) =>
    new prom.Gauge({ name, help, labelNames, registers: [registry] });
  const up = gauge('poplar_worker_up', '1 while the worker thread is ready.');
  const loop = gauge(
    'poplar_worker_event_loop_utilization',
    'Busy share of the event loop of a worker thread since the last scrape, 0 to 1.',
  );
  const heap = gauge('poplar_worker_heap_bytes', 'JavaScript heap in use by a worker thread.');
  const external = gauge(
    'poplar_worker_external_bytes',
    'Memory of a worker thread beside its heap: buffers, mostly.',
  );
  const failed = gauge(
    'poplar_worker_scrape_failed',
    '1 if the worker did not answer this scrape in time; its last numbers were used.',
  );
  const restarts = new prom.Counter({
    name: 'poplar_worker_restarts_total',
    help: 'Worker threads replaced because they ended or were stuck.',
    labelNames,
    registers: [registry],
  });
  const counted = gaugesOfEachWorker.map((name) => ({
    name,
    gauge: gauge(name, metricTable[name].help),
  }));
  return {
    set(workers) {
      restarts.reset();
      for (const worker of workers) {
        const labels = { role: worker.role, worker: worker.worker };
        up.set(labels, worker.isReady ? 1 : 0);
        loop.set(labels, worker.eventLoopUtilization);
        heap.set(labels, worker.heapOctets);
        external.set(labels, worker.externalOctets);
        failed.set(labels, worker.scrapeFailed ? 1 : 0);
        restarts.inc(labels, worker.restarts);
        for (const { name, gauge } of counted) {
          gauge.set(labels, worker.numbers === null ? 0 : gaugeIn(worker.numbers, name));
        }
      }
    },
  };
}

async function printSums(snapshots: readonly Float64Array[]): Promise<string> {
  const sum = new Float64Array(snapshotLength);
  for (const snapshot of snapshots) addSnapshot(sum, snapshot);
  const summed = [...metricDefinitions].filter(([name]) => !ofEachWorker.has(name));
  const metrics = summed.map(([name, definition]) => ({
    name,
    help: definition.help,
    type: definition.type,
    aggregator: 'sum',
    values: valuesOf(name, definition, sum),
  }));
  return prom.AggregatorRegistry.aggregate([metrics]).metrics();
}

function valuesOf(name: string, definition: MetricDefinition, sum: Float64Array): Value[] {
  const values: Value[] = [];
  for (const { labels, offset, isOther } of samplesOf(name)) {
    if (definition.buckets === undefined) {
      const value = sum[offset] ?? 0;
      // Values that the table foresees show from the start, so that a first increase is seen.
      if (!isOther || value !== 0) values.push({ value, labels: { ...labels } });
      continue;
    }
    const count = sum[offset + definition.buckets.length + 2] ?? 0;
    if (isOther && count === 0) continue;
    let cumulative = 0;
    const bounds = [...definition.buckets, '+Inf'];
    bounds.forEach((le, bucket) => {
      cumulative += sum[offset + bucket] ?? 0;
      values.push({ value: cumulative, labels: { ...labels, le }, metricName: `${name}_bucket` });
    });
    const end = offset + definition.buckets.length + 1;
    values.push({ value: sum[end] ?? 0, labels: { ...labels }, metricName: `${name}_sum` });
    values.push({ value: count, labels: { ...labels }, metricName: `${name}_count` });
  }
  return values;
}
