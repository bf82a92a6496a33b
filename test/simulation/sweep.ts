/**
 * Runs many seeds on all cores. From the command line: node_modules/.bin/node test/simulation/sweep.ts FROM COUNT
 *
 * Never: a seed that was left out and not missed.
 */

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** One thing that is wrong in a file. */
export interface Change {
  /** From the root of the repository. */
  readonly file: string;
  /** Is there exactly once. */
  readonly find: string;
  readonly replace: string;
}

export interface Mutant extends Change {
  readonly name: string;
  /** What would make up for it. */
  readonly also?: Change;
}

export interface Sweep {
  readonly from: number;
  readonly count: number;
  readonly mutant?: Mutant;
  /** No seed is begun after so many failing ones; 10 unless told. */
  readonly failuresMax?: number;
  readonly threads?: number;
  /** No seed is begun after this. */
  readonly withinMs?: number;
}

/** What a thread is told. */
export interface SweepOrder {
  readonly from: number;
  readonly count: number;
  readonly threads: number;
  readonly nth: number;
  readonly mutant: Mutant | null;
  readonly failuresMax: number;
  /** How many seeds have failed, in all threads. */
  readonly failed: Int32Array;
  readonly withinMs: number;
}

/** What happened in all seeds together: a run in which nothing does proves nothing. */
export const noCounts = { opened: 0, inUse: 0, removed: 0, delivered: 0, stolen: 0, lost: 0 };

export interface SweepReport {
  seeds: number;
  events: number;
  counts: typeof noCounts;
  readonly failures: { readonly seed: number; readonly broken: readonly string[] }[];
}

export async function sweep(options: Sweep): Promise<SweepReport> {
  const { from, count, mutant = null, failuresMax = 10, withinMs = Infinity } = options;
  const threads = Math.min(options.threads ?? availableParallelism(), count);
  const failed = new Int32Array(new SharedArrayBuffer(4));
  const reports = await Promise.all(
    Array.from({ length: threads }, (_, nth) =>
      inThread({ from, count, threads, nth, mutant, failuresMax, failed, withinMs }),
    ),
  );
  return reports.reduce(joined);
}

function joined(a: SweepReport, b: SweepReport): SweepReport {
  const counts = { ...a.counts };
  for (const key of Object.keys(counts) as (keyof typeof noCounts)[]) counts[key] += b.counts[key];
  const failures = [...a.failures, ...b.failures].sort((one, other) => one.seed - other.seed);
  return { seeds: a.seeds + b.seeds, events: a.events + b.events, counts, failures };
}

function inThread(order: SweepOrder): Promise<SweepReport> {
  const { promise, resolve, reject } = Promise.withResolvers<SweepReport>();
  const worker = new Worker(new URL('sweep-thread.ts', import.meta.url), { workerData: order });
  worker.once('message', (report: SweepReport) => {
    resolve(report);
    void worker.terminate();
  });
  worker.once('error', reject);
  worker.once('exit', (code) => reject(new Error(`a thread ended with ${code}`)));
  return promise;
}

if (import.meta.main) {
  const [from = 1, count = 1_000] = process.argv.slice(2).map(Number);
  const startedAtMs = performance.now();
  const { failures, ...rest } = await sweep({ from, count });
  const seconds = (performance.now() - startedAtMs) / 1_000;
  process.stdout.write(`${JSON.stringify(rest)} ${(rest.seeds / seconds).toFixed(0)} seeds/s\n`);
  for (const { seed, broken } of failures) {
    process.stdout.write(`seed ${seed}\n  ${broken.slice(0, 3).join('\n  ').slice(0, 1_500)}\n`);
  }
  process.exitCode = failures.length === 0 ? 0 : 1;
}
