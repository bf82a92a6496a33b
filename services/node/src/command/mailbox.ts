/**
 * `poplar mailbox`: mailboxes and their passwords.
 */

import type { Command } from 'commander';
import { registerAliasCommands } from './alias.ts';
import { withApi } from './api/access.ts';
import { explained, type Fields, pathOf, queryOf, textOf } from './api/client.ts';
import { registerAppPasswordCommands } from './app-password.ts';
import { registerBulkCommand } from './bulk/command.ts';
import { registerExportCommand } from './export.ts';
import { registerGrantCommands } from './grant.ts';
import { registerImportCommand } from './import/command.ts';
import { addressedCommand, noSuchMailbox } from './mailbox-command.ts';
import { registerSwitchCommands } from './mailbox-switches.ts';
import { addressArgument, countArgument, domainArgument } from './names.ts';
import { registerSecretCommands } from './other-secrets.ts';
import {
  printedCount,
  printedMessages,
  printedOctets,
  printedTime,
  printFields,
  printJson,
  printLine,
  printRows,
} from './output.ts';
import {
  type PasswordOptions,
  passwordFields,
  readPassword,
  withPasswordOption,
} from './password-input.ts';
import { type StoreCommandOptions, withStoreOptions } from './store-access.ts';

type WithPassword = StoreCommandOptions & PasswordOptions;

interface ListOptions extends StoreCommandOptions {
  readonly domain?: string;
  readonly after?: string;
  readonly search?: string;
  readonly limit?: number;
}

export function registerMailboxCommands(program: Command): void {
  const mailbox = program.command('mailbox').description('mailboxes, their passwords and messages');
  const addressed = (name: string, description: string) =>
    addressedCommand(mailbox, name, description);

  withPasswordOption(addressed('add', 'add a mailbox')).action(addMailbox);
  withPasswordOption(addressed('passwd', 'set the password of a mailbox')).action(setPassword);
  addressed('show', 'show a mailbox and who has it open').action(showMailbox);
  withStoreOptions(mailbox.command('list').description('list mailboxes'))
    .option('--domain <domain>', 'only those of this domain', domainArgument)
    .option('--search <text>', 'only those that have this in their address')
    .option('--after <address>', 'begin behind this address', addressArgument)
    .option('--limit <count>', 'so many at most', countArgument)
    .action(listMailboxes);
  registerBulkCommand(mailbox);
  registerSwitchCommands(mailbox);
  registerAliasCommands(mailbox);
  registerGrantCommands(mailbox);
  registerAppPasswordCommands(mailbox);
  registerSecretCommands(mailbox);
  registerImportCommand(addressed('import', 'import .eml files, mbox files and Maildirs'));
  registerExportCommand(addressed('export', 'write all mail to standard output'));
}

async function addMailbox(address: string, options: WithPassword, command: Command): Promise<void> {
  const password = await readPassword(options, command);
  const domain = address.slice(address.indexOf('@') + 1);
  await withApi(options, (api) =>
    explained(api.call('POST', '/mailboxes', { address, ...passwordFields(password) }), {
      404: `there is no domain ${domain}; add it first with: poplar domain add ${domain}`,
      409: `mailbox ${address} exists already`,
    }),
  );
  if (options.json === true) printJson({ address });
  else printLine(`mailbox ${address} added`);
}

async function setPassword(
  address: string,
  options: WithPassword,
  command: Command,
): Promise<void> {
  const password = await readPassword(options, command);
  await withApi(options, (api) =>
    explained(api.call('PUT', pathOf`/mailboxes/${address}/password`, passwordFields(password)), {
      404: noSuchMailbox(address),
    }),
  );
  if (options.json === true) printJson({ address });
  else printLine(`password of ${address} set`);
}

async function showMailbox(address: string, options: StoreCommandOptions): Promise<void> {
  const shown = await withApi(options, (api) =>
    explained(api.call('GET', pathOf`/mailboxes/${address}`), { 404: noSuchMailbox(address) }),
  );
  const { session, ...mailbox } = shown;
  const holder: Fields | null = session === null ? null : Object(session);
  if (options.json === true) {
    printJson({ ...mailbox, openIn: holder === null ? null : heldBy(holder) });
    return;
  }
  const quota = Number(mailbox.quotaOctets);
  printFields([
    ['address', textOf(mailbox.address)],
    ['status', textOf(mailbox.status) + (mailbox.pop3Enabled === true ? '' : ', POP3 off')],
    ['messages', printedCount(Number(mailbox.messages))],
    ['octets', printedSize(Number(mailbox.octets))],
    ...(mailbox.quotaOctets === null ? [] : [['quota', printedSize(quota)] as const]),
    ['open in', holder === null ? 'no session' : holderOf(holder)],
    ['created', printedTime(mailbox.createdAt, '')],
    ...(mailbox.deleteAfter === null
      ? []
      : [['deleted', `for good after ${printedTime(mailbox.deleteAfter, '')}`] as const]),
  ]);
}

function printedSize(octets: number): string {
  return `${printedCount(octets)} (${printedOctets(octets)})`;
}

/** A session, as the JSON of all commands calls its parts. */
function heldBy({ node: nodeName, ...rest }: Fields): Fields {
  return { nodeName, ...rest };
}

function holderOf({ node, worker, since, client, actor }: Fields): string {
  const from = client === null ? '' : ` from ${textOf(client)}`;
  const by = actor === null ? '' : `, by ${textOf(actor)}`;
  const begun = since === null ? '' : ` since ${printedTime(since, '')}`;
  return `node ${textOf(node, '?')}, worker ${textOf(worker, '?')}${begun}${from}${by}`;
}

async function listMailboxes({
  domain,
  after,
  search,
  limit,
  ...options
}: ListOptions): Promise<void> {
  const totals = { mailboxes: 0, messages: 0, octets: 0 };
  await withApi(options, (api) =>
    printRows<Fields>({
      pages: counted(api.pages(`/mailboxes${queryOf({ domain, after, search })}`, limit), totals),
      columns: [
        { title: 'ADDRESS', text: ({ address }) => textOf(address), widthMin: 30 },
        { title: 'STATUS', text: ({ status }) => textOf(status), widthMin: 9 },
        { title: 'MESSAGES', text: (row) => count(row.messages), right: true, widthMin: 10 },
        { title: 'OCTETS', text: (row) => count(row.octets), right: true, widthMin: 15 },
      ],
      json: (row) => row,
      asJson: options.json === true,
      none: 'no mailboxes',
    }),
  );
  if (options.json === true || totals.mailboxes === 0) return;
  const mailboxes =
    totals.mailboxes === 1 ? '1 mailbox' : `${printedCount(totals.mailboxes)} mailboxes`;
  printLine(`${mailboxes}, ${printedMessages(totals.messages)}, ${printedOctets(totals.octets)}`);
}

function count(value: unknown): string {
  return printedCount(Number(value));
}

async function* counted(
  pages: AsyncIterable<readonly Fields[]>,
  totals: { mailboxes: number; messages: number; octets: number },
): AsyncGenerator<readonly Fields[]> {
  for await (const rows of pages) {
    for (const { messages, octets } of rows) {
      totals.mailboxes += 1;
      totals.messages += Number(messages);
      totals.octets += Number(octets);
    }
    yield rows;
  }
}
