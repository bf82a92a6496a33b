/**
 * `poplar message`: the messages of a mailbox, and those that a QUIT flagged: restored, or removed for good.
 */

import type { Command } from 'commander';
import { withApi } from './api/access.ts';
import { dateOf, type Fields, pathOf, textOf } from './api/client.ts';
import { registerInjectCommand } from './inject.ts';
import { addressedCommand } from './mailbox-command.ts';
import { countArgument, idArgument } from './names.ts';
import {
  printedDate,
  printedMessages,
  printedOctets,
  printJson,
  printLine,
  printRows,
} from './output.ts';
import type { StoreCommandOptions } from './store-access.ts';

interface ListOptions extends StoreCommandOptions {
  readonly flagged?: true;
  readonly limit?: number;
}

interface SomeOptions extends StoreCommandOptions {
  readonly all?: true;
}

export function registerMessageCommands(program: Command): void {
  const message = program.command('message').description('messages of a mailbox');
  addressedCommand(message, 'list', 'list them, those that a QUIT removed included')
    .option('--flagged', 'only those that a QUIT removed')
    .option('--limit <count>', 'so many at most', countArgument)
    .action(listMessages);
  registerInjectCommand(addressedCommand(message, 'inject', 'put a message into the mailbox'));
  const some = (name: string, description: string) =>
    addressedCommand(message, name, description)
      .argument(
        '[ids...]',
        'as list shows them',
        (text: string, before: readonly string[] = []) => [...before, idArgument(text)],
      )
      .option('--all', 'all that a QUIT removed');
  some('restore', 'make removed messages visible again').action(restoreMessages);
  some('purge', 'remove them for good').action(purgeMessages);
}

async function listMessages(address: string, { limit, ...options }: ListOptions): Promise<void> {
  const query = options.flagged === true ? '?flagged=true&header=true' : '?header=true';
  await withApi(options, (api) =>
    printRows<Fields>({
      pages: api.pages(`${pathOf`/mailboxes/${address}/messages`}${query}`, limit),
      columns: [
        { title: 'ID', text: ({ messageId }) => textOf(messageId), right: true, widthMin: 8 },
        { title: 'SIZE', text: ({ octets }) => printedOctets(Number(octets)), right: true },
        { title: 'RECEIVED', text: ({ receivedAt }) => printed(receivedAt) },
        { title: 'REMOVED', text: ({ deletedAt }) => printed(deletedAt), widthMin: 20 },
        { title: 'FROM', text: ({ header }) => short(header, 'from'), widthMin: 30 },
        { title: 'SUBJECT', text: ({ header }) => short(header, 'subject') },
      ],
      json: (row) => row,
      asJson: options.json === true,
      none: 'there is no message',
    }),
  );
}

function printed(time: unknown): string {
  const date = dateOf(time);
  return date === null ? '' : printedDate(date);
}

function short(header: unknown, name: string): string {
  const fields: Fields = Object(header);
  return textOf(fields[name]).slice(0, 60);
}

function wanted(ids: readonly string[], { all }: SomeOptions, command: Command): Fields {
  if ((ids.length === 0) !== (all === true)) command.error('error: give ids, or --all');
  return ids.length === 0 ? {} : { messageIds: ids };
}

async function restoreMessages(
  address: string,
  ids: readonly string[],
  options: SomeOptions,
  command: Command,
): Promise<void> {
  const body = wanted(ids, options, command);
  const path = pathOf`/mailboxes/${address}/messages/restore`;
  const { restored, missing } = await withApi(options, (api) => api.call('POST', path, body));
  const gone = Array.isArray(missing) ? missing.map(String) : [];
  if (options.json === true) printJson({ address, restored, missing: gone });
  else {
    const rest = gone.length === 0 ? '' : `; not there: ${gone.join(', ')}`;
    printLine(`${printedMessages(Number(restored))} of ${address} restored${rest}`);
  }
}

async function purgeMessages(
  address: string,
  ids: readonly string[],
  options: SomeOptions,
  command: Command,
): Promise<void> {
  const body = wanted(ids, options, command);
  const path = pathOf`/mailboxes/${address}/messages/purge`;
  const purged = await withApi(options, async (api) => {
    for (let sum = 0; ; ) {
      const answer = await api.call('POST', path, body);
      sum += Number(answer.purged);
      if (answer.more !== true) return sum;
    }
  });
  if (options.json === true) printJson({ address, purged });
  else printLine(`${printedMessages(purged)} of ${address} removed for good`);
}
