/**
 * `poplar top`: nodes, what happens in a second on them, and open maildrops, again and again until Ctrl-C.
 *
 * Never: more questions than those of one look an interval; a screen kept for good.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { withApi } from '../api/access.ts';
import { type ApiClient, itemsOf, textOf } from '../api/client.ts';
import { topIntervalMs, topRows } from '../limits.ts';
import { countArgument, durationArgument } from '../names.ts';
import { type StoreCommandOptions, withStoreOptions } from '../store-access.ts';
import { RateReader, sumOf } from './rates.ts';
import { linesOf, type State } from './screen.ts';

interface TopOptions extends StoreCommandOptions {
  readonly once?: true;
  readonly interval?: number;
  readonly count?: number;
}

export function registerTopCommand(program: Command): void {
  withStoreOptions(
    program.command('top').description('watch nodes, their rates and open maildrops'),
  )
    .option('--once', 'show them once')
    .option('--interval <time>', 'between two looks, such as 5s', durationArgument)
    .option('--count <count>', 'end after so many looks', countArgument)
    .addHelpText(
      'after',
      '\nNodes tell of themselves every 5 seconds: rates are there from the second telling on.' +
        '\nWith --json and an interval or a count each look is one line.',
    )
    .action(top);
}

async function top(options: TopOptions): Promise<void> {
  const isRepeated = options.interval !== undefined || options.count !== undefined;
  const isOnce =
    options.once === true ||
    (!isRepeated && (options.json === true || !process.stdout.isTTY)) ||
    options.interval === 0;
  const looks = isOnce ? 1 : (options.count ?? Number.POSITIVE_INFINITY);
  const intervalMs = options.interval === undefined ? topIntervalMs : options.interval * 1_000;
  const ending = new AbortController();
  process.once('SIGINT', () => ending.abort());
  const reader = new RateReader();
  await withApi(options, async (api) => {
    for (let look = 1; ; look += 1) {
      show(await stateNow(api, reader), { ...options, isScreen: !isOnce, isRepeated });
      if (look >= looks || ending.signal.aborted) return;
      await sleep(intervalMs, null, { signal: ending.signal }).catch(() => null);
      if (ending.signal.aborted) return;
    }
  });
}

interface Shown {
  readonly json?: true;
  readonly isScreen: boolean;
  readonly isRepeated: boolean;
}

function show(state: State, { json, isScreen, isRepeated }: Shown): void {
  const { stdout } = process;
  if (json === true) {
    stdout.write(`${JSON.stringify(jsonOf(state), null, isRepeated ? 0 : 2)}\n`);
    return;
  }
  const lines = linesOf(state);
  // Home, then each line cleared to its end: a screen that is cleared first flickers.
  if (isScreen && stdout.isTTY) stdout.write(`\x1b[H${lines.join('\x1b[K\n')}\x1b[K\n\x1b[J`);
  else stdout.write(`${lines.join('\n')}\n${isRepeated ? '\n' : ''}`);
}

function jsonOf({ at, nodes, now, sessions, hasMore }: State): unknown {
  const known = new Map(now.map((one) => [one.node, one]));
  return {
    at,
    rates: sumOf(now),
    nodes: nodes.map((node) => {
      const said = known.get(textOf(node.node));
      const { reportedAt = null, silentSeconds = null, rates = null } = said ?? {};
      return { ...node, reportedAt, silentSeconds, rates };
    }),
    sessions,
    hasMore,
  };
}

async function stateNow(api: ApiClient, reader: RateReader): Promise<State> {
  const nodes = itemsOf(await api.call('GET', `/nodes?limit=${topRows}`));
  const overview = await api.call('GET', '/overview');
  const page = await api.call('GET', `/sessions?limit=${topRows}`);
  return {
    at: textOf(overview.at),
    nodes,
    now: reader.read(overview),
    sessions: itemsOf(page),
    hasMore: page.next !== null,
  };
}
