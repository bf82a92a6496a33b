/**
 * The measured figures as a Markdown table: the median of the rounds, with the least and the most
 * where it matters.
 */

import type { LoadResult } from './load.ts';
import type { Workload } from './workloads.ts';

export interface Measured {
  readonly workload: Workload;
  readonly result: LoadResult;
  /** The node and PostgreSQL together. */
  readonly serverCpuSeconds: number;
}

/** Without these a figure cannot be compared with another. */
export interface Circumstances {
  readonly date: Date;
  /** `git describe --always --dirty`: `-dirty` when the tree was not that of the commit. */
  readonly commit: string;
  /** As it was typed. */
  readonly command: string;
  readonly machine: string;
}

export function table(all: readonly Measured[], circumstances: Circumstances): string {
  const { date, commit, command, machine } = circumstances;
  const rows = [...Map.groupBy(all, ({ workload }) => workload)].map(([workload, rounds]) =>
    row(workload, rounds),
  );
  return [
    `# POP3 streaming, ${machine}`,
    '',
    'Server CPU is the node with all its threads plus all of PostgreSQL, for one operation: the',
    'median of the rounds (least to most). The load generator runs on the same machine.',
    'PostgreSQL runs with `fsync = off`: what is measured only reads.',
    '',
    `Measured on ${date.toISOString().slice(0, 10)} at commit ${commit} with \`${command}\`.`,
    '',
    '| operation | server CPU | operations/s | MB/s | p50 / p99 of a batch | generator CPU |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function row(workload: Workload, rounds: readonly Measured[]): string {
  const cost = rounds.map((r) => (r.serverCpuSeconds / r.result.operations) * 1e6);
  const rate = rounds.map((r) => r.result.operations / r.result.seconds);
  const throughput = rounds.map((r) => r.result.octets / r.result.seconds / 1e6);
  const p50 = rounds.map((r) => r.result.latencyMs[0]);
  const p99 = rounds.map((r) => r.result.latencyMs[2]);
  const generator = rounds.map((r) => (r.result.cpuSeconds / r.result.operations) * 1e6);
  const spread = `${time(Math.min(...cost))} to ${time(Math.max(...cost))}`;
  return [
    `| ${workload.operation}`,
    `**${time(median(cost))}** (${spread})`,
    Math.round(median(rate)),
    Math.round(median(throughput)),
    `${median(p50).toFixed(1)} / ${median(p99).toFixed(1)} ms`,
    `${time(median(generator))} |`,
  ].join(' | ');
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function time(microseconds: number): string {
  return microseconds >= 1_000
    ? `${(microseconds / 1_000).toFixed(2)} ms`
    : `${microseconds.toFixed(1)} us`;
}
