/**
 * What polls feel beside slow readers, as Markdown, and the node's memory meanwhile as a plot.
 *
 * Never: a latency without the rate that was held.
 */

import { brief } from '../charts/axis.ts';
import { plot } from '../charts/plot.ts';
import type { Percentiles } from '../load/histogram.ts';
import type { Circumstances } from '../measured.ts';
import type { LookSample } from './look.ts';

export interface Phase {
  readonly perSecond: number;
  /** Polls that found no client free. */
  readonly held: number;
  readonly latencyMs: Percentiles;
  readonly looks: readonly LookSample[];
}

export interface SlowResults {
  readonly format: 1;
  readonly circumstances: Circumstances;
  readonly readers: number;
  readonly octetsPerSecond: number;
  readonly messageOctets: number;
  readonly rate: number;
  readonly calm: Phase;
  readonly beside: Phase;
  /** Readers whose connection the node has ended. */
  readonly ended: number;
  readonly readOctets: readonly number[];
}

const mebi = 1_024 * 1_024;
const goalMs = 50;

export class SlowReport {
  readonly results: SlowResults;

  constructor(results: SlowResults) {
    this.results = results;
  }

  text(): string {
    const { circumstances, readers, octetsPerSecond, messageOctets, rate } = this.results;
    const { calm, beside, ended, readOctets } = this.results;
    const { date, commit, command, machine, loadBefore } = circumstances;
    const least = Math.min(...readOctets);
    const most = Math.max(...readOctets);
    return [
      `# Slow readers and polls, ${machine}`,
      '',
      `Measured on ${date} at commit ${commit} with \`${command}\`, at a load of ${loadBefore.toFixed(1)} with what else ran there.`,
      '',
      `${readers} clients read a message of ${brief(messageOctets)} octets at ${brief(octetsPerSecond)} octets a second each, while ${rate} polls a second come to the same`,
      `node of two workers whatever is answered. At 99% of the polls ${goalMs} ms are wanted. Readers whose connection was ended: ${ended}. They have read`,
      `${brief(least)} to ${brief(most)} octets each.`,
      '',
      '| | polls/s | not begun | p50 / p95 / p99 / max, ms | RSS of the node, MiB | connections to PostgreSQL | busy at once, most | longest statement or transaction, ms |',
      '|---|---|---|---|---|---|---|---|',
      row('calm', calm),
      row('beside the readers', beside),
      '',
      'The last column is of a look each second, at the connections of the POP3 workers: a reader that held one would show there with',
      'seconds.',
      '',
    ].join('\n');
  }

  drawing(): string {
    const { circumstances, calm, beside } = this.results;
    const { date, commit, machine } = circumstances;
    const points = ({ looks }: Phase) =>
      looks.map(({ seconds, residentOctets }) => [seconds, residentOctets / mebi] as const);
    return plot({
      title: 'Memory of a node beside slow readers of large messages',
      subtitle: [`Measured on ${date} at commit ${commit}.`, `${machine}.`],
      across: { title: 'seconds', text: brief },
      up: { title: 'RSS, MiB', text: brief },
      isLog: false,
      series: [
        { name: 'calm', points: points(calm) },
        { name: 'beside the readers', points: points(beside) },
      ],
    });
  }
}

function row(name: string, { perSecond, held, latencyMs, looks }: Phase): string {
  const { p50, p95, p99, max } = latencyMs;
  const most = (of: (look: LookSample) => number): number => Math.max(0, ...looks.map(of));
  const resident = looks.map(({ residentOctets }) => Math.round(residentOctets / mebi));
  return [
    `| ${name}`,
    perSecond.toFixed(0),
    held,
    [p50, p95, p99, max].map((value) => value.toFixed(1)).join(' / '),
    `${Math.min(...resident)} to ${Math.max(...resident)}`,
    most(({ connections }) => connections),
    most(({ busy }) => busy),
    `${most(({ longestMs }) => longestMs).toFixed(0)} |`,
  ].join(' | ');
}
