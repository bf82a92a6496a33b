/**
 * `poplar node`: the nodes of the cluster, as their workers' leases tell.
 */

import type { Owner } from '@poplar/store';
import type { Command } from 'commander';
import { onePage, printedDate, printRows } from './output.ts';
import { type StoreCommandOptions, withStore, withStoreOptions } from './store-access.ts';

/** One start of a node: what carries the same name and the same boot id. */
interface NodeRow {
  readonly nodeName: string;
  readonly bootId: string;
  readonly workers: readonly Owner[];
}

export function registerNodeCommands(program: Command): void {
  const node = program.command('node').description('the nodes of the cluster');
  withStoreOptions(
    node.command('list').description('list nodes and their worker threads, of all roles'),
  ).action(listNodes);
}

async function listNodes(options: StoreCommandOptions): Promise<void> {
  const owners = await withStore(options, ({ store }) => store.listOwners());
  await printRows<NodeRow>({
    pages: onePage(nodesOf(owners)),
    columns: [
      { title: 'NODE', text: ({ nodeName }) => nodeName },
      { title: 'STATE', text: stateOf },
      { title: 'THREADS', text: ({ workers }) => String(workers.length), right: true },
      { title: 'STARTED', text: ({ workers }) => printedDate(firstStart(workers)) },
    ],
    json: (row) => ({
      nodeName: row.nodeName,
      bootId: row.bootId,
      state: stateOf(row),
      startedAt: firstStart(row.workers),
      workers: row.workers.map(({ nodeName, bootId, ...worker }) => worker),
    }),
    asJson: options.json === true,
    none: 'no node is running',
  });
}

function nodesOf(owners: readonly Owner[]): NodeRow[] {
  const nodes = Map.groupBy(owners, ({ nodeName, bootId }) => `${bootId} ${nodeName}`);
  return [...nodes.values()].flatMap((workers) => {
    const [first] = workers;
    return first === undefined ? [] : [{ nodeName: first.nodeName, bootId: first.bootId, workers }];
  });
}

/** `gone`: its leases are over and its locks are free. */
function stateOf({ workers }: NodeRow): 'up' | 'draining' | 'gone' {
  const alive = workers.filter((worker) => worker.alive);
  if (alive.length === 0) return 'gone';
  return alive.every((worker) => worker.draining) ? 'draining' : 'up';
}

function firstStart(workers: readonly Owner[]): Date {
  return new Date(Math.min(...workers.map(({ startedAt }) => startedAt.getTime())));
}
