/**
 * A node of the cluster as its workers' leases tell: one start of it, what carries the same name and the same
 * boot id.
 */

import { type ApiClient, type Fields, itemsOf, textOf } from './api/client.ts';
import { printedCount } from './output.ts';

interface WorkerRow {
  readonly ownerId: string;
  readonly worker: number;
  /** Empty when its program does not say. */
  readonly role: string;
  readonly version: string;
  /** Whether its lease runs. */
  readonly alive: boolean;
  readonly leaseAgeSeconds: number;
  readonly leaseUntil: Date;
  readonly startedAt: Date;
  readonly sessions: number;
  readonly draining: boolean;
}

export interface NodeRow {
  readonly nodeName: string;
  /** Null for a node that does not run and is to be drained when it does. */
  readonly bootId: string | null;
  readonly drainWanted: boolean;
  readonly workers: readonly WorkerRow[];
}

export async function readNodes(api: ApiClient): Promise<NodeRow[]> {
  const rows: NodeRow[] = [];
  for await (const nodes of api.pages('/nodes')) rows.push(...nodes.flatMap(startsOf));
  return rows;
}

/** The starts of one node, as the API tells of it. */
export function startsOf(node: Fields): NodeRow[] {
  const nodeName = textOf(node.node);
  const drainWanted = node.drainedSince !== null;
  const starts = Map.groupBy(itemsOf({ items: node.workers }), ({ bootId }) => textOf(bootId));
  if (starts.size === 0) return [{ nodeName, bootId: null, drainWanted, workers: [] }];
  return [...starts].map(([bootId, workers]) => {
    return { nodeName, bootId, drainWanted, workers: workers.map(workerOf) };
  });
}

function workerOf(worker: Fields): WorkerRow {
  return {
    ownerId: textOf(worker.ownerId),
    worker: Number(worker.worker),
    role: textOf(worker.role),
    version: textOf(worker.version),
    alive: worker.isAlive === true,
    leaseAgeSeconds: Number(worker.leaseAgeSeconds),
    leaseUntil: new Date(textOf(worker.leaseUntil)),
    startedAt: new Date(textOf(worker.startedAt)),
    sessions: Number(worker.sessions),
    draining: worker.isDraining === true,
  };
}

/** `drained`: it takes no sessions and has none. `gone`: its leases are over and its locks are free. */
export function stateOf(row: NodeRow): 'up' | 'draining' | 'drained' | 'gone' {
  const alive = row.workers.filter((worker) => worker.alive);
  if (alive.length === 0) return 'gone';
  if (!row.drainWanted && !alive.every((worker) => worker.draining)) return 'up';
  const isDone = row.drainWanted && alive.every((worker) => worker.draining);
  return isDone && sessionsOf(row) === 0 ? 'drained' : 'draining';
}

/** Nodes are of one version but while an upgrade replaces their threads. */
export function versionOf({ workers }: NodeRow): string {
  return [...new Set(workers.map(({ version }) => version))].sort().join(' ');
}

/** What its workers do. */
export function rolesOf({ workers }: NodeRow): string[] {
  return [...new Set(workers.map(({ role }) => role))].filter((role) => role !== '').sort();
}

export function sessionsOf({ workers }: NodeRow): number {
  return workers.reduce((sum, { sessions }) => sum + sessions, 0);
}

/** Of the worker that was renewed last: the others have ended since. */
export function leaseAgeOf({ workers }: NodeRow): number | null {
  if (workers.length === 0) return null;
  return Math.min(...workers.map(({ leaseAgeSeconds }) => leaseAgeSeconds));
}

/** What a node that is gone said last is nobody's session any more. */
export function printedSessions(row: NodeRow): string {
  return stateOf(row) === 'gone' ? '-' : printedCount(sessionsOf(row));
}

export function printedAge(row: NodeRow): string {
  const age = leaseAgeOf(row);
  return age === null ? '' : `${printedCount(age)} s ago`;
}

export function firstStart({ workers }: NodeRow): Date | null {
  if (workers.length === 0) return null;
  return new Date(Math.min(...workers.map(({ startedAt }) => startedAt.getTime())));
}
