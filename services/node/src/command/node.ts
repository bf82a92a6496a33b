/**
 * `poplar node`: the nodes of the cluster, as their workers' leases tell.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, StartError } from '@poplar/runtime';
import type { Command } from 'commander';
import { withApi } from './api/access.ts';
import { type ApiClient, explained, pathOf } from './api/client.ts';
import { drainPollMs, drainWaitMs } from './limits.ts';
import { registerLogLevelCommand } from './log-level.ts';
import {
  firstStart,
  leaseAgeOf,
  type NodeRow,
  printedAge,
  printedSessions,
  readNodes,
  rolesOf,
  sessionsOf,
  stateOf,
  versionOf,
} from './node-row.ts';
import { onePage, printedCount, printedDate, printJson, printLine, printRows } from './output.ts';
import { configured, type StoreCommandOptions, withStoreOptions } from './store-access.ts';

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
  registerLogLevelCommand(node);
}

async function listNodes(options: StoreCommandOptions): Promise<void> {
  const nodes = await withApi(options, readNodes);
  await printRows<NodeRow>({
    pages: onePage(nodes),
    columns: [
      { title: 'NODE', text: ({ nodeName }) => nodeName },
      { title: 'STATE', text: stateOf },
      { title: 'VERSION', text: versionOf },
      { title: 'THREADS', text: ({ workers }) => String(workers.length), right: true },
      { title: 'SESSIONS', text: printedSessions, right: true },
      { title: 'RENEWED', text: printedAge, right: true },
      { title: 'STARTED', text: printedStart },
    ],
    json: (row) => ({
      nodeName: row.nodeName,
      bootId: row.bootId,
      state: stateOf(row),
      drainWanted: row.drainWanted,
      roles: rolesOf(row),
      version: versionOf(row),
      sessions: sessionsOf(row),
      leaseAgeSeconds: leaseAgeOf(row),
      startedAt: firstStart(row),
      workers: row.workers,
    }),
    asJson: options.json === true,
    none: 'no node is running',
  });
}

function printedStart(row: NodeRow): string {
  const date = firstStart(row);
  return date === null ? '' : printedDate(date);
}

/** Waits until the node has heard it, which is a matter of its next renewal. */
async function orderDrain(
  nodeName: string,
  isWanted: boolean,
  options: DrainOptions,
): Promise<void> {
  await withApi(options, async (api) => {
    const ordering = api.call(isWanted ? 'PUT' : 'DELETE', pathOf`/nodes/${nodeName}/drain`);
    await explained(ordering, {
      404: isWanted ? `there is no node ${nodeName}` : `node ${nodeName} was not told to drain`,
    });
    let row = await awaitNode(api, {
      nodeName,
      withinMs: drainWaitMs,
      isDone: ({ workers }) =>
        workers.every((worker) => !worker.alive || worker.draining === isWanted),
    });
    if (options.wait === true && row !== 'late')
      row = await drained(api, nodeName, configured(options));
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
async function drained(
  api: ApiClient,
  nodeName: string,
  config: Config,
): Promise<NodeRow | 'gone'> {
  const { drainNoticeMs, drainTimeoutMs } = config.limits;
  const withinMs = drainNoticeMs + drainTimeoutMs + drainWaitMs;
  const isDone = (row: NodeRow): boolean => stateOf(row) === 'drained';
  const row = await awaitNode(api, { nodeName, withinMs, isDone });
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
  api: ApiClient,
  { nodeName, withinMs, isDone }: Awaited,
): Promise<NodeRow | 'gone' | 'late'> {
  const untilMs = performance.now() + withinMs;
  while (performance.now() < untilMs) {
    const rows = (await readNodes(api)).filter((row) => row.nodeName === nodeName);
    const running = rows.find((row) => row.workers.some(({ alive }) => alive));
    if (running === undefined) return 'gone';
    if (isDone(running)) return running;
    await sleep(drainPollMs);
  }
  return 'late';
}
