/**
 * `poplar mailbox app-password`: passwords for one client each, made here, that end by themselves or
 * one by one.
 *
 * Never: one shown a second time; one chosen by a person.
 */

import { makeAppPassword } from '@poplar/identity';
import type { CredentialRow } from '@poplar/store';
import type { Command } from 'commander';
import { addressedCommand, noSuchMailbox } from './mailbox-command.ts';
import { countArgument, idArgument } from './names.ts';
import { onePage, printedDate, printJson, printLine, printRows } from './output.ts';
import { explain, type StoreCommandOptions, withStore } from './store-access.ts';

interface AddOptions extends StoreCommandOptions {
  readonly label: string;
  readonly expires?: number;
}

const dayMs = 86_400_000;

export function registerAppPasswordCommands(mailbox: Command): void {
  const appPassword = mailbox.command('app-password').description('passwords for one client each');
  addressedCommand(appPassword, 'add', 'make one and print it, once')
    .requiredOption('--label <text>', 'what it is for, such as "phone"')
    .option('--expires <days>', 'it ends after so many days', countArgument)
    .action(addAppPassword);
  addressedCommand(appPassword, 'list', 'list them, without the passwords').action(
    listAppPasswords,
  );
  addressedCommand(appPassword, 'revoke', 'end one')
    .argument('<id>', 'as list shows it', idArgument)
    .action(revokeAppPassword);
}

async function addAppPassword(
  address: string,
  options: AddOptions,
  command: Command,
): Promise<void> {
  const { label, expires } = options;
  if (Buffer.byteLength(label) > 255) command.error('error: a label has at most 255 octets');
  const expiresAt = expires === undefined ? null : new Date(Date.now() + expires * dayMs);
  if (expiresAt !== null && expiresAt.getUTCFullYear() > 9_999) {
    command.error('error: so many days are beyond any calendar');
  }
  const { text, stored } = await makeAppPassword();
  const credentialId = await withStore(options, ({ store }) => {
    const wanted = { address, label, stored, expiresAt, actor: 'command' };
    const adding = store.credentials.addAppPassword(wanted);
    const found = explain(adding, 'NOT_FOUND', noSuchMailbox(address));
    return explain(found, 'INVALID', `mailbox ${address} has as many of them as it may`);
  });
  if (options.json === true) {
    printJson({ address, credentialId, label, expiresAt, password: text });
  } else printLine(text);
}

async function listAppPasswords(address: string, options: StoreCommandOptions): Promise<void> {
  const rows = await withStore(options, ({ store }) =>
    explain(store.credentials.list(address), 'NOT_FOUND', noSuchMailbox(address)),
  );
  await printRows<CredentialRow>({
    pages: onePage(rows.filter(({ kind }) => kind === 'app-password')),
    columns: [
      { title: 'ID', text: ({ credentialId }) => credentialId, right: true },
      { title: 'LABEL', text: ({ label }) => label },
      { title: 'CREATED', text: ({ createdAt }) => printedDate(createdAt) },
      { title: 'EXPIRES', text: (row) => (row.expiresAt ? printedDate(row.expiresAt) : 'never') },
      { title: 'LAST USED', text: ({ lastUsedOn }) => lastUsedOn ?? 'never' },
    ],
    json: ({ kind, certificateName, ...row }) => row,
    asJson: options.json === true,
    none: `mailbox ${address} has no app password`,
  });
}

async function revokeAppPassword(
  address: string,
  credentialId: string,
  options: StoreCommandOptions,
): Promise<void> {
  const unknown = `mailbox ${address} has no app password ${credentialId}`;
  await withStore(options, async ({ store }) => {
    const listing = store.credentials.list(address);
    const rows = await explain(listing, 'NOT_FOUND', noSuchMailbox(address));
    const isOne = (row: CredentialRow) =>
      row.kind === 'app-password' && row.credentialId === credentialId;
    // The password itself is no app password, whatever number is typed.
    const wanted = rows.some(isOne) ? credentialId : '0';
    const revoking = store.credentials.revoke({ address, credentialId: wanted, actor: 'command' });
    await explain(revoking, 'NOT_FOUND', unknown);
  });
  if (options.json === true) printJson({ address, credentialId });
  else printLine(`app password ${credentialId} of ${address} revoked`);
}
