/**
 * One trial of the costs: nodes as they are wanted, one load, and what it cost of CPU and WAL for each
 * operation, with what idle nodes would have used taken off.
 *
 * Never: a trial on servers that another one has used.
 */

import { corpusOf } from '../corpus.ts';
import type { Task } from '../load/order.ts';
import { measure } from '../measure.ts';
import type { Measured } from '../measured.ts';
import { type PoplarOptions, type PoplarServer, startPoplar } from '../servers/poplar.ts';
import type { Workload } from '../workloads/workload.ts';
import { type Cost, nothing } from './costs.ts';
import { type Counted, counted } from './counters.ts';

export interface Trial {
  readonly task: Task;
  readonly mailboxes: number;
  readonly messages: number;
  readonly octets: number;
  readonly clients: number;
  /** Open loop; else as many as go. */
  readonly perSecond?: number;
  readonly server?: PoplarOptions;
}

export interface Pace {
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

export interface Outcome {
  readonly cost: Cost;
  readonly perSecond: number;
  readonly measured: Measured;
  readonly before: Counted;
  readonly after: Counted;
}

function workloadOf(trial: Trial): Workload {
  const { task, mailboxes: count, messages, octets, clients, perSecond } = trial;
  return {
    name: 'trial',
    operation: task.kind,
    task,
    mail: { count, messages, octets },
    clients,
    deliveredOctets: octets,
    ...(perSecond === undefined
      ? {}
      : { shape: { kind: 'open', operationsPerSecond: perSecond } as const }),
  };
}

/** On servers that run already. */
export async function tryOn(
  server: PoplarServer,
  trial: Trial,
  pace: Pace,
  idle: Cost = nothing,
  began: () => Promise<void> = async () => {},
): Promise<Outcome> {
  const workload = workloadOf(trial);
  const corpus = corpusOf({ prefix: 'trial', ...workload.mail });
  await server.fill(corpus);
  const { database } = server;
  const counts: Counted[] = [];
  const look = async (): Promise<void> => {
    counts.push(await counted(database));
  };
  const measured = await measure(server, workload, {
    ...pace,
    processes: 2,
    corpus,
    round: 0,
    watch: { began: () => began().then(look), ended: look },
  });
  const [before, after] = counts;
  if (before === undefined || after === undefined) throw new Error('nothing was counted');
  const { operations } = measured;
  const seconds = (after.atMs - before.atMs) / 1_000;
  const nodes = server.running.length;
  const each = (used: number, idling: number): number =>
    (used - idling * seconds * nodes) / operations;
  const { node = 0, postgres = 0 } = measured.cpuSeconds;
  return {
    measured,
    before,
    after,
    perSecond: operations / measured.seconds,
    cost: {
      node: each(node * 1e6, idle.node),
      postgres: each(postgres * 1e6, idle.postgres),
      wal: each(after.wal - before.wal, idle.wal),
    },
  };
}

export async function attempt(trial: Trial, pace: Pace, idle: Cost): Promise<Outcome> {
  const server = await startPoplar(trial.server ?? {});
  try {
    return await tryOn(server, trial, pace, idle);
  } finally {
    await server.stop();
  }
}
