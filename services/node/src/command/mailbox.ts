/**
 * `poplar mailbox`: mailboxes and their passwords.
 */

import { makePasswordRecords } from '@poplar/identity';
import { StartError } from '@poplar/runtime';
import type { MailboxDetails, MailboxRow } from '@poplar/store';
import type { Command } from 'commander';
import { registerAliasCommands } from './alias.ts';
import { registerAppPasswordCommands } from './app-password.ts';
import { registerGrantCommands } from './grant.ts';
import { registerImportCommand } from './import/command.ts';
import { addressedCommand, noSuchMailbox } from './mailbox-command.ts';
import { mailboxPages } from './mailbox-pages.ts';
import { registerSwitchCommands } from './mailbox-switches.ts';
import { addressArgument, countArgument, domainArgument } from './names.ts';
import { registerSecretCommands } from './other-secrets.ts';
import {
  printedCount,
  printedDate,
  printedMessages,
  printedOctets,
  printFields,
  printJson,
  printLine,
  printRows,
} from './output.ts';
import { type PasswordOptions, readPassword, withPasswordOption } from './password-input.ts';
import { explain, type StoreCommandOptions, withStore, withStoreOptions } from './store-access.ts';

type WithPassword = StoreCommandOptions & PasswordOptions;

interface ListOptions extends StoreCommandOptions {
  readonly domain?: string;
  readonly after?: string;
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
    .option('--after <address>', 'begin behind this address', addressArgument)
    .option('--limit <count>', 'so many at most', countArgument)
    .action(listMailboxes);
  registerSwitchCommands(mailbox);
  registerAliasCommands(mailbox);
  registerGrantCommands(mailbox);
  registerAppPasswordCommands(mailbox);
  registerSecretCommands(mailbox);
  registerImportCommand(addressed('import', 'import .eml files, mbox files and Maildirs'));
}

async function addMailbox(address: string, options: WithPassword, command: Command): Promise<void> {
  const password = await readPassword(options, command);
  await withStore(options, async ({ store, config }) => {
    const domain = address.slice(address.indexOf('@') + 1);
    const { hash: secret, ...scram } = await makePasswordRecords(password, config.auth);
    const adding = explain(
      store.directory.addMailbox({ address, secret, ...scram, actor: 'command' }),
      'CONFLICT',
      `mailbox ${address} exists already`,
    );
    await explain(
      adding,
      'NOT_FOUND',
      `there is no domain ${domain}; add it first with: poplar domain add ${domain}`,
    );
  });
  if (options.json === true) printJson({ address });
  else printLine(`mailbox ${address} added`);
}

async function setPassword(
  address: string,
  options: WithPassword,
  command: Command,
): Promise<void> {
  const password = await readPassword(options, command);
  await withStore(options, async ({ store, config }) => {
    const { hash, ...scram } = await makePasswordRecords(password, config.auth);
    const records = { password: hash, ...scram };
    const setting = store.credentials.setPassword({ address, ...records, actor: 'command' });
    await explain(setting, 'NOT_FOUND', noSuchMailbox(address));
  });
  if (options.json === true) printJson({ address });
  else printLine(`password of ${address} set`);
}

async function showMailbox(address: string, options: StoreCommandOptions): Promise<void> {
  const details = await withStore(options, ({ store }) => store.directory.findMailbox(address));
  if (details === null) throw new StartError(noSuchMailbox(address));
  if (options.json === true) {
    const { createdAt, lock, version, credentialVersion, ...rest } = details;
    printJson({ ...rest, createdAt, openIn: isOpen(details) ? lock : null });
    return;
  }
  printFields([
    ['address', details.address],
    ['status', details.status + (details.pop3Enabled ? '' : ', POP3 off')],
    ['messages', printedCount(details.messages)],
    ['octets', `${printedCount(details.octets)} (${printedOctets(details.octets)})`],
    ['open in', holderOf(details)],
    ['created', printedDate(details.createdAt)],
  ]);
}

/** A lock whose owner's lease is over is free, whatever the row says. */
function isOpen({ lock }: MailboxDetails): boolean {
  return lock?.alive === true;
}

function holderOf(details: MailboxDetails): string {
  const { lock } = details;
  if (lock === null || !isOpen(details)) return 'no session';
  const since = lock.since === null ? '' : ` since ${printedDate(lock.since)}`;
  const client = lock.client === null ? '' : ` from ${lock.client}`;
  const actor = lock.actor === null ? '' : `, by ${lock.actor}`;
  return `node ${lock.nodeName ?? '?'}, worker ${lock.worker ?? '?'}${since}${client}${actor}`;
}

async function listMailboxes(options: ListOptions): Promise<void> {
  const totals = { mailboxes: 0, messages: 0, octets: 0 };
  await withStore(options, ({ store }) =>
    printRows<MailboxRow>({
      pages: counted(mailboxPages(store, options), totals),
      columns: [
        { title: 'ADDRESS', text: ({ address }) => address, widthMin: 30 },
        { title: 'STATUS', text: ({ status }) => status, widthMin: 9 },
        { title: 'MESSAGES', text: (row) => printedCount(row.messages), right: true, widthMin: 10 },
        { title: 'OCTETS', text: (row) => printedCount(row.octets), right: true, widthMin: 15 },
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

async function* counted(
  pages: AsyncIterable<readonly MailboxRow[]>,
  totals: { mailboxes: number; messages: number; octets: number },
): AsyncGenerator<readonly MailboxRow[]> {
  for await (const rows of pages) {
    for (const { messages, octets } of rows) {
      totals.mailboxes += 1;
      totals.messages += messages;
      totals.octets += octets;
    }
    yield rows;
  }
}
