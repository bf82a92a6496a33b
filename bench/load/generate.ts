/**
 * Runs the generator: several processes that warm up, begin at the same moment and are added up. What
 * happens between ready, go and done is for the caller to watch, such as the servers' CPU time.
 *
 * Never: a process that is left behind; a run that goes on when one of its processes has failed.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Histogram, type Percentiles } from './histogram.ts';
import { overtimeMs, preparationMs } from './limits.ts';
import type { LoadOrder, LoadResult, Said } from './order.ts';

const program = fileURLToPath(new URL('./generator.ts', import.meta.url));

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface Generated {
  readonly operations: number;
  readonly octets: number;
  readonly connections: number;
  /** From the first beginning to the last end. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly latencyMs: Percentiles;
  /** By kind of operation, where there are several. */
  readonly latencyMsOf: Readonly<Record<string, Percentiles>>;
  readonly operationsOf: Readonly<Record<string, number>>;
  readonly held: number;
  readonly tls: string;
}

export interface GenerateOptions {
  readonly order: Omit<LoadOrder, 'process' | 'processes'>;
  readonly processes: number;
  /** All are warm: the next thing that happens is the first measured operation. */
  readonly began: () => Promise<void> | void;
  /** The last measured operation is over; open sessions are still open. */
  readonly ended: () => Promise<void> | void;
}

class Generator {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(order: LoadOrder) {
    const child = spawn(process.execPath, [program, JSON.stringify(order)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const { stdout } = child;
    if (stdout === null) throw new Error('a generator has no standard output');
    running.add(child);
    child.once('exit', () => running.delete(child));
    child.stdin?.on('error', () => undefined);
    this.#child = child;
    this.#lines = createInterface(stdout)[Symbol.asyncIterator]();
  }

  /** What it says next; throws if it has failed, has ended or says nothing. */
  async next(withinMs: number): Promise<Said> {
    const timer = setTimeout(() => this.kill(), withinMs);
    try {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error('a load generator ended without a result');
      const said: Said = JSON.parse(value);
      if (said.said === 'failed') throw new Error(`the load failed: ${said.reason}`);
      return said;
    } finally {
      clearTimeout(timer);
    }
  }

  go(): void {
    this.#child.stdin?.write('go\n');
  }

  async over(withinMs: number): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const timer = setTimeout(() => this.kill(), withinMs);
    await once(this.#child, 'exit');
    clearTimeout(timer);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

export async function generate(options: GenerateOptions): Promise<Generated> {
  const { order, processes, began, ended } = options;
  const generators = Array.from(
    { length: processes },
    (_, number) => new Generator({ ...order, process: number, processes }),
  );
  try {
    await Promise.all(generators.map((generator) => generator.next(preparationMs)));
    await began();
    for (const generator of generators) generator.go();
    const withinMs = order.seconds * 1_000 + overtimeMs;
    const said = await Promise.all(generators.map((generator) => generator.next(withinMs)));
    await ended();
    for (const generator of generators) generator.go();
    await Promise.all(generators.map((generator) => generator.over(overtimeMs)));
    return together(said.flatMap((one) => (one.said === 'done' ? [one.result] : [])));
  } finally {
    for (const generator of generators) generator.kill();
  }
}

function together(results: readonly LoadResult[]): Generated {
  const sum = (of: (result: LoadResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const all = new Histogram();
  const byKind = new Map<string, Histogram>();
  const operationsOf: Record<string, number> = {};
  for (const { latencies, operationsOf: counted } of results) {
    for (const [kind, data] of Object.entries(latencies)) {
      all.add(data);
      const histogram = byKind.get(kind) ?? new Histogram();
      byKind.set(kind, histogram);
      histogram.add(data);
    }
    for (const [kind, count] of Object.entries(counted)) {
      operationsOf[kind] = (operationsOf[kind] ?? 0) + count;
    }
  }
  return {
    operations: sum(({ operations }) => operations),
    octets: sum(({ octets }) => octets),
    connections: sum(({ connections }) => connections),
    seconds: Math.max(...results.map(({ seconds }) => seconds)),
    cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds),
    latencyMs: all.percentiles(),
    latencyMsOf: Object.fromEntries(
      [...byKind].map(([kind, histogram]) => [kind, histogram.percentiles()]),
    ),
    operationsOf,
    held: sum(({ held }) => held),
    tls: results.find(({ tls }) => tls !== '')?.tls ?? '',
  };
}
