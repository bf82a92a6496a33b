/**
 * `poplar throttle`: whom failed logins make wait, and the end of that.
 *
 * Never: a name that was not given: nodes keep none.
 */

import { StartError } from '@poplar/runtime';
import type { Command } from 'commander';
import { withApi } from './api/access.ts';
import { type Fields, pathOf, queryOf, textOf } from './api/client.ts';
import { printedTime, printJson, printLine, printRows } from './output.ts';
import { type StoreCommandOptions, withStoreOptions } from './store-access.ts';

interface NamedOptions extends StoreCommandOptions {
  readonly account?: string;
  readonly address?: string;
}

interface ListOptions extends NamedOptions {
  readonly delayed?: true;
}

export function registerThrottleCommands(program: Command): void {
  const throttle = program.command('throttle').description('whom failed logins make wait');
  named(throttle.command('list').description('list what is counted; nodes keep keys, no names'))
    .option('--delayed', 'only what is delayed now')
    .action(listThrottles);
  named(throttle.command('clear').description('forget failures, on all nodes within seconds'))
    .argument('[id]', 'of the list')
    .action(clearThrottle);
}

function named(command: Command): Command {
  return withStoreOptions(command)
    .option('--account <name>', 'a login name: its own failures and those from each address')
    .option('--address <address>', 'the IP address of a client');
}

async function listThrottles(options: ListOptions): Promise<void> {
  const { account, address, delayed } = options;
  const query = queryOf({ account, address, delayed: delayed === true ? 'true' : undefined });
  await withApi(options, (api) =>
    printRows<Fields>({
      pages: api.pages(`/throttles${query}`),
      columns: [
        { title: 'ID', text: ({ throttleId }) => textOf(throttleId), widthMin: 16 },
        { title: 'OF', text: ({ kind }) => textOf(kind), widthMin: 7 },
        { title: 'FAILURES', text: ({ failures }) => textOf(failures), right: true },
        { title: 'DELAY MS', text: ({ delayMs }) => textOf(delayMs), right: true },
        { title: 'ENDS', text: ({ endsAt }) => printedTime(endsAt, '') },
      ],
      json: (entry) => entry,
      asJson: options.json === true,
      none: 'no failures are counted',
    }),
  );
}

async function clearThrottle(id: string | undefined, options: NamedOptions): Promise<void> {
  const { account, address } = options;
  const given = [id, account, address].filter((text) => text !== undefined);
  const [subject] = given;
  if (subject === undefined || given.length > 1) {
    throw new StartError('name one thing: an id of the list, --account or --address');
  }
  const path =
    id === undefined ? `/throttles${queryOf({ account, address })}` : pathOf`/throttles/${id}`;
  await withApi(options, async (api) => {
    const cleared = await api.call('DELETE', path);
    if (options.json === true) printJson(cleared);
    else printLine(`${subject} is cleared; on all nodes within a few seconds`);
  });
}
