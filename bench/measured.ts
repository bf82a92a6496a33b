/**
 * The one format of a result: what was measured, of which server, under which circumstances.
 *
 * Never: a figure without the circumstances; a figure that was computed from another machine's.
 */

import { spawnSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import type { Percentiles } from './load/histogram.ts';

/** Of the server's processes by what they are, with so many sessions open. */
export interface MemoryReading {
  readonly sessions: number;
  readonly octets: Readonly<Record<string, number>>;
}

export interface Measured {
  readonly server: string;
  readonly workload: string;
  readonly operation: string;
  readonly round: number;
  readonly operations: number;
  readonly octets: number;
  readonly connections: number;
  readonly seconds: number;
  /** CPU of the server's processes by what they are, work behind the replies included. */
  readonly cpuSeconds: Readonly<Record<string, number>>;
  /** The part of it that was used after the last reply. */
  readonly settleCpuSeconds: number;
  readonly generatorCpuSeconds: number;
  readonly generatorProcesses: number;
  /** Milliseconds; of a pipelined batch as a whole. */
  readonly latencyMs: Percentiles;
  readonly latencyMsOf: Readonly<Record<string, Percentiles>>;
  readonly operationsOf: Readonly<Record<string, number>>;
  /** Arrivals of an open loop that found no client free. */
  readonly held: number;
  readonly tls: string;
  /** Octets that all the sessions together have added, and what was read, for workloads about memory. */
  readonly memory: {
    readonly sessions: number;
    readonly octets: number;
    readonly readings: readonly MemoryReading[];
  } | null;
  /** What we allow ourselves; see the workload. */
  readonly goal: number | null;
}

export interface Circumstances {
  readonly date: string;
  /** `git describe --always --dirty`: `-dirty` when the tree was not that of the commit. */
  readonly commit: string;
  /** As it was typed. */
  readonly command: string;
  readonly machine: string;
  /** What else ran when it began, in processes that wanted a processor. */
  readonly loadBefore: number;
}

/** What is kept as JSON. */
export interface Results {
  readonly format: 1;
  readonly circumstances: Circumstances;
  readonly servers: Readonly<Record<string, string>>;
  readonly runs: readonly Measured[];
}

export function circumstances(program: string): Circumstances {
  const { stdout } = spawnSync('git', ['describe', '--always', '--dirty'], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  });
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: stdout?.trim() || 'unknown',
    command: [program, ...process.argv.slice(2)].join(' ').replace(/ --$/, ''),
    machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${memory}, Linux ${release()}`,
    loadBefore: loadavg()[0] ?? 0,
  };
}

/** CPU microseconds of the server for one operation. */
export function cpuOfOperation({ cpuSeconds, operations }: Measured): number {
  const sum = Object.values(cpuSeconds).reduce((total, seconds) => total + seconds, 0);
  return (sum / operations) * 1e6;
}

/** What a run is compared by: CPU of an operation in microseconds, or octets of a session. */
export function figureOf(measured: Measured): number {
  const { memory } = measured;
  return memory === null ? cpuOfOperation(measured) : memory.octets / memory.sessions;
}
