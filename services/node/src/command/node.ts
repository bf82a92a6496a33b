/**
 * `poplar node`: the nodes of the cluster, as their workers' leases tell.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, StartError } from '@poplar/runtime';
import type { Owner, Store } from '@poplar/store';
import type { Command } from 'commander';
import { drainPollMs, drainWaitMs } from './limits.ts';
import { onePage, printedCount, printedDate, printJson, printLine, printRows } from './output.ts';
import { type StoreCommandOptions, withStore, withStoreOptions } from './store-access.ts';

/** One start of a node: what carries the same name and the same boot id. */
interface NodeRow {
  readonly nodeName: string;
  /** Null for a node that does not run and is to be drained when it does. */
  readonly bootId: string | null;
  readonly drainWanted: boolean;
  readonly workers: readonly Owner[];
}

interface DrainOptions extends StoreCommandOptions {
  readonly wait?: true;
}

export function registerNodeCommands(program: Command): void {
  const node = program.command('node').description('the nodes of the cluster');
  withStoreOptions(
    node.command('list').description('list nodes and their worker threads, of all roles'),
  ).action(listNodes);
  withStoreOptions(
    node.command('drain').description('have a node take no sessions and end those it has'),
  )
    .argument('<name>', 'as in `poplar node list`')
    .option('--wait', 'until its last session is over; ends with 1 if that takes too long')
    .action((name: string, options: DrainOptions) => orderDrain(name, true, options));
  withStoreOptions(node.command('undrain').description('have a drained node take sessions again'))
    .argument('<name>', 'as in `poplar node list`')
    .action((name: string, options: StoreCommandOptions) => orderDrain(name, false, options));
}

async function listNodes(options: StoreCommandOptions): Promise<void> {
  const nodes = await withStore(options, ({ store }) => nodesOf(store));
  await printRows<NodeRow>({
    pages: onePage(nodes),
    columns: [
      { title: 'NODE', text: ({ nodeName }) => nodeName },
      { title: 'STATE', text: stateOf },
      { title: 'VERSION', text: versionOf },
      { title: 'THREADS', text: ({ workers }) => String(workers.length), right: true },
      { title: 'SESSIONS', text: (row) => printedCount(sessionsOf(row)), right: true },
      { title: 'RENEWED', text: printedAge, right: true },
      { title: 'STARTED', text: ({ workers }) => printedStart(firstStart(workers)) },
    ],
    json: (row) => ({
      nodeName: row.nodeName,
      bootId: row.bootId,
      state: stateOf(row),
      drainWanted: row.drainWanted,
      version: versionOf(row),
      sessions: sessionsOf(row),
      leaseAgeSeconds: leaseAgeOf(row),
      startedAt: firstStart(row.workers),
      workers: row.workers.map(({ nodeName, bootId, ...worker }) => worker),
    }),
    asJson: options.json === true,
    none: 'no node is running',
  });
}

async function nodesOf(store: Store): Promise<NodeRow[]> {
  const [owners, drains] = [await store.listOwners(), await store.cluster.drains()];
  const ordered = new Set(drains.map(({ nodeName }) => nodeName));
  const nodes = Map.groupBy(owners, ({ nodeName, bootId }) => `${bootId} ${nodeName}`);
  const rows: NodeRow[] = [...nodes.values()].flatMap((workers) => {
    const [first] = workers;
    if (first === undefined) return [];
    const { nodeName, bootId } = first;
    return [{ nodeName, bootId, drainWanted: ordered.has(nodeName), workers }];
  });
  for (const nodeName of ordered) {
    if (rows.some((row) => row.nodeName === nodeName)) continue;
    rows.push({ nodeName, bootId: null, drainWanted: true, workers: [] });
  }
  return rows;
}

/** `drained`: it takes no sessions and has none. `gone`: its leases are over and its locks are free. */
function stateOf(row: NodeRow): 'up' | 'draining' | 'drained' | 'gone' {
  const alive = row.workers.filter((worker) => worker.alive);
  if (alive.length === 0) return 'gone';
  if (!row.drainWanted && !alive.every((worker) => worker.draining)) return 'up';
  const isDone = row.drainWanted && alive.every((worker) => worker.draining);
  return isDone && sessionsOf(row) === 0 ? 'drained' : 'draining';
}

/** Nodes are of one version but while an upgrade replaces their threads. */
function versionOf({ workers }: NodeRow): string {
  return [...new Set(workers.map(({ version }) => version))].sort().join(' ');
}

function sessionsOf({ workers }: NodeRow): number {
  return workers.reduce((sum, { sessions }) => sum + sessions, 0);
}

/** Of the worker that was renewed last: the others have ended since. */
function leaseAgeOf({ workers }: NodeRow): number | null {
  if (workers.length === 0) return null;
  return Math.min(...workers.map(({ leaseAgeSeconds }) => leaseAgeSeconds));
}

function printedAge(row: NodeRow): string {
  const age = leaseAgeOf(row);
  return age === null ? '' : `${printedCount(age)} s ago`;
}

function firstStart(workers: readonly Owner[]): Date | null {
  if (workers.length === 0) return null;
  return new Date(Math.min(...workers.map(({ startedAt }) => startedAt.getTime())));
}

function printedStart(date: Date | null): string {
  return date === null ? '' : printedDate(date);
}

/** Waits until the node has heard it, which is a matter of its next renewal. */
async function orderDrain(
  nodeName: string,
  isWanted: boolean,
  options: DrainOptions,
): Promise<void> {
  await withStore(options, async ({ store, config }) => {
    const order = { nodeName, actor: 'command' };
    const isDone = await (isWanted
      ? store.cluster.drainNode(order)
      : store.cluster.undrainNode(order));
    if (!isDone) {
      throw new StartError(
        isWanted ? `there is no node ${nodeName}` : `node ${nodeName} was not told to drain`,
      );
    }
    let row = await awaitNode(store, {
      nodeName,
      withinMs: drainWaitMs,
      isDone: ({ workers }) =>
        workers.every((worker) => !worker.alive || worker.draining === isWanted),
    });
    if (options.wait === true && row !== 'late') row = await drained(store, nodeName, config);
    const heard = row === 'late' || row === 'gone' ? null : row;
    if (options.json === true) {
      const [state, sessions] = heard === null ? [null, null] : [stateOf(heard), sessionsOf(heard)];
      printJson({ nodeName, drainWanted: isWanted, isHeard: heard !== null, state, sessions });
    } else if (heard === null) {
      printLine(`node ${nodeName} has not heard it yet: it will when it runs`);
    } else if (isWanted) {
      printLine(`node ${nodeName} takes no sessions; it has ${printedCount(sessionsOf(heard))}`);
    } else printLine(`node ${nodeName} takes sessions`);
  });
}

/** The node without a session, or gone. Throws StartError when it takes too long. */
async function drained(store: Store, nodeName: string, config: Config): Promise<NodeRow | 'gone'> {
  const { drainNoticeMs, drainTimeoutMs } = config.limits;
  const withinMs = drainNoticeMs + drainTimeoutMs + drainWaitMs;
  const isDone = (row: NodeRow): boolean => stateOf(row) === 'drained';
  const row = await awaitNode(store, { nodeName, withinMs, isDone });
  if (row !== 'late') return row;
  throw new StartError(`node ${nodeName} still has sessions after ${withinMs / 1_000} s`);
}

interface Awaited {
  readonly nodeName: string;
  readonly withinMs: number;
  readonly isDone: (row: NodeRow) => boolean;
}

/** The node, once it is as wanted; `gone` when it does not run. */
async function awaitNode(
  store: Store,
  { nodeName, withinMs, isDone }: Awaited,
): Promise<NodeRow | 'gone' | 'late'> {
  const untilMs = performance.now() + withinMs;
  while (performance.now() < untilMs) {
    const rows = (await nodesOf(store)).filter((row) => row.nodeName === nodeName);
    const running = rows.find((row) => row.workers.some(({ alive }) => alive));
    if (running === undefined) return 'gone';
    if (isDone(running)) return running;
    await sleep(drainPollMs);
  }
  return 'late';
}
