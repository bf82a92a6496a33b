/**
 * `poplar node log-level`: at which level a node logs, for a while, without a look at its configuration.
 */

import { type Command, InvalidArgumentError } from 'commander';
import { withApi } from './api/access.ts';
import { explained, pathOf, textOf } from './api/client.ts';
import { wordArgument } from './closed-list.ts';
import { durationArgument } from './names.ts';
import { printedTime, printJson, printLine } from './output.ts';
import { type StoreCommandOptions, withStoreOptions } from './store-access.ts';

const levels = ['debug', 'info', 'warn', 'error', 'configured'];

interface LevelOptions extends StoreCommandOptions {
  readonly for?: number;
}

/** Completes `node log-level`. */
export function registerLogLevelCommand(node: Command): void {
  withStoreOptions(
    node.command('log-level').description('show or change at which level a node logs'),
  )
    .argument('<name>', 'as in `poplar node list`')
    .addArgument(wordArgument('[level]', 'configured: as its settings say', levels))
    .option('--for <time>', 'go back after this time, such as 10m', minutesArgument)
    .action(logLevel);
}

/** Whole minutes. */
function minutesArgument(text: string): number {
  const minutes = durationArgument(text) / 60;
  if (!Number.isInteger(minutes) || minutes === 0) {
    throw new InvalidArgumentError('It must be whole minutes, such as 10m or 2h.');
  }
  return minutes;
}

async function logLevel(
  name: string,
  level: string | undefined,
  { for: minutes, ...options }: LevelOptions,
  command: Command,
): Promise<void> {
  if (minutes !== undefined && (level === undefined || level === 'configured')) {
    command.error('error: --for goes with a level');
  }
  const path = pathOf`/nodes/${name}/log-level`;
  const wanted = level === 'configured' ? null : level;
  const shown = await withApi(options, (api) =>
    explained(
      level === undefined
        ? api.call('GET', path)
        : api.call('PATCH', path, { level: wanted, minutes }),
      { 404: `there is no node ${name}` },
    ),
  );
  if (options.json === true) {
    printJson({ nodeName: name, level: shown.level, until: shown.until });
    return;
  }
  const until = printedTime(shown.until, '');
  const now = level === undefined ? '' : ', within a few seconds';
  if (shown.level === null) printLine(`node ${name} logs as its settings say${now}`);
  else {
    const end = until === '' ? `until: poplar node log-level ${name} configured` : `until ${until}`;
    printLine(`node ${name} logs at ${textOf(shown.level)}${now}, ${end}`);
  }
}
