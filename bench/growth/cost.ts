/**
 * What an operation costs at one size: CPU of the node and of PostgreSQL apart, and how a series of such
 * costs has to grow.
 *
 * Never: a cost without its size.
 */

import { measure, type Timing } from '../measure.ts';
import type { PoplarServer } from '../servers/poplar.ts';
import type { Workload } from '../workloads/workload.ts';
import type { Site } from './site.ts';

/** Microseconds of CPU for an operation. */
export interface CostAt {
  readonly size: number;
  readonly node: number;
  readonly postgres: number;
  readonly operations: number;
}

/** Of one of what the size counts. */
export function ofEach(cost: CostAt): CostAt {
  const { node, postgres, size } = cost;
  return { ...cost, node: node / size, postgres: postgres / size };
}

export interface Series {
  readonly name: string;
  /** What the size counts. */
  readonly of: string;
  /** The power of the size that it may grow with. */
  readonly power: 0 | 1;
  readonly costs: readonly CostAt[];
}

export interface Bench {
  readonly timing: Timing;
  readonly isQuick: boolean;
  readonly tell: (text: string) => void;
}

export function total({ node, postgres }: CostAt): number {
  return node + postgres;
}

interface Measuring {
  readonly site: Site;
  readonly workload: Pick<Workload, 'task' | 'clients' | 'deliveredOctets'>;
  readonly mailboxes: Parameters<typeof measure>[2]['corpus']['mailboxes'];
  readonly size: number;
}

/** One run on a server whose rows the site has made. */
export async function costAt(
  server: PoplarServer,
  bench: Bench,
  { site, workload, mailboxes, size }: Measuring,
): Promise<CostAt> {
  const { count, messages, octets } = mailboxes;
  const { task } = workload;
  const measured = await measure(
    { ...server, secret: site.secret },
    { name: 'growth', operation: task.kind, ...workload, mail: { count, messages, octets } },
    { ...bench.timing, corpus: { mailboxes, content: '' }, round: 0 },
  );
  const { operations, cpuSeconds } = measured;
  const each = (part: string): number => ((cpuSeconds[part] ?? 0) / operations) * 1e6;
  return { size, node: each('node'), postgres: each('postgres'), operations };
}
