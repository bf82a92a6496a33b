/**
 * `poplar top`: nodes and open maildrops, again and again until Ctrl-C.
 *
 * Never: more questions than one every `topIntervalMs`; a screen kept for good.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { withApi } from './api/access.ts';
import { type ApiClient, dateOf, type Fields, itemsOf, textOf } from './api/client.ts';
import { topIntervalMs, topRows } from './limits.ts';
import { printedAge, printedSessions, startsOf, stateOf } from './node-row.ts';
import { printable, printedDate, printJson } from './output.ts';
import { type StoreCommandOptions, withStoreOptions } from './store-access.ts';

interface TopOptions extends StoreCommandOptions {
  readonly once?: true;
}

export function registerTopCommand(program: Command): void {
  withStoreOptions(program.command('top').description('watch nodes and open maildrops'))
    .option('--once', 'show them once')
    .action(top);
}

async function top(options: TopOptions): Promise<void> {
  const isOnce = options.once === true || options.json === true || !process.stdout.isTTY;
  const ending = new AbortController();
  process.once('SIGINT', () => ending.abort());
  await withApi(options, async (api) => {
    for (;;) {
      const state = await stateNow(api);
      if (options.json === true) printJson(state);
      // Home, then each line cleared to its end: a screen that is cleared first flickers.
      else if (isOnce) process.stdout.write(`${linesOf(state).join('\n')}\n`);
      else process.stdout.write(`\x1b[H${linesOf(state).join('\x1b[K\n')}\x1b[K\n\x1b[J`);
      if (isOnce || ending.signal.aborted) return;
      await sleep(topIntervalMs, null, { signal: ending.signal }).catch(() => null);
      if (ending.signal.aborted) return;
    }
  });
}

interface State {
  readonly nodes: readonly Fields[];
  readonly sessions: readonly Fields[];
  readonly hasMore: boolean;
}

async function stateNow(api: ApiClient): Promise<State> {
  const nodes = itemsOf(await api.call('GET', `/nodes?limit=${topRows}`));
  const page = await api.call('GET', `/sessions?limit=${topRows}`);
  return { nodes, sessions: itemsOf(page), hasMore: page.next !== null };
}

function linesOf({ nodes, sessions, hasMore }: State): string[] {
  // In the words of `node list`.
  const shown = nodes.flatMap(startsOf).map((row) => {
    const name = printable(row.nodeName).padEnd(30);
    const [count, age] = [printedSessions(row), printedAge(row)];
    return `${name} ${stateOf(row).padEnd(8)} ${count.padStart(9)} ${age.padStart(9)}`;
  });
  const open = sessions.map(({ address, node, since, client, actor }) => {
    const from = printable(textOf(client)).padEnd(24);
    const date = dateOf(since);
    const names = [textOf(address).padEnd(40), textOf(node).padEnd(20)].map(printable).join(' ');
    return `${names} ${date === null ? '' : printedDate(date)} ${from} ${printable(textOf(actor))}`;
  });
  return [
    `${'NODE'.padEnd(30)} ${'STATE'.padEnd(8)} ${'SESSIONS'.padStart(9)} ${'RENEWED'.padStart(9)}`,
    ...shown,
    '',
    `${'MAILDROP'.padEnd(40)} ${'NODE'.padEnd(20)} ${'SINCE'.padEnd(20)} ${'FROM'.padEnd(24)} BY`,
    ...(open.length === 0 ? ['no maildrop is open'] : open),
    ...(hasMore ? ['...'] : []),
  ].map((line) => line.trimEnd());
}
