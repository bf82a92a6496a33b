/**
 * `poplar mailbox app-password`: passwords for one client each, made here, that end by themselves or
 * one by one.
 *
 * Never: one shown a second time; one chosen by a person.
 */

import { StartError } from '@poplar/runtime';
import type { Command } from 'commander';
import { withApi } from './api/access.ts';
import { type ApiClient, explained, type Fields, itemsOf, pathOf, textOf } from './api/client.ts';
import { addressedCommand, noSuchMailbox } from './mailbox-command.ts';
import { countArgument, idArgument } from './names.ts';
import { onePage, printedTime, printJson, printLine, printRows } from './output.ts';
import type { StoreCommandOptions } from './store-access.ts';

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
  const wanted = { label, ...(expiresAt === null ? {} : { expiresAt }) };
  const { credentialId, appPassword: password } = await withApi(options, (api) =>
    explained(api.call('POST', pathOf`/mailboxes/${address}/app-passwords`, wanted), {
      404: noSuchMailbox(address),
      422: `mailbox ${address} has as many of them as it may`,
    }),
  );
  if (options.json === true) printJson({ address, credentialId, label, expiresAt, password });
  else printLine(textOf(password));
}

async function listAppPasswords(address: string, options: StoreCommandOptions): Promise<void> {
  const rows = await withApi(options, (api) => appPasswordsOf(api, address));
  await printRows<Fields>({
    pages: onePage(rows),
    columns: [
      { title: 'ID', text: ({ credentialId }) => textOf(credentialId), right: true },
      { title: 'LABEL', text: ({ label }) => textOf(label) },
      { title: 'CREATED', text: ({ createdAt }) => printedTime(createdAt, '') },
      { title: 'EXPIRES', text: ({ expiresAt }) => printedTime(expiresAt, 'never') },
      { title: 'LAST USED', text: ({ lastUsedOn }) => textOf(lastUsedOn, 'never') },
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
  await withApi(options, async (api) => {
    const rows = await appPasswordsOf(api, address);
    // The password itself is no app password, whatever number is typed.
    if (!rows.some((row) => row.credentialId === credentialId)) throw new StartError(unknown);
    const path = pathOf`/mailboxes/${address}/credentials/${credentialId}`;
    await explained(api.call('DELETE', path), { 404: unknown });
  });
  if (options.json === true) printJson({ address, credentialId });
  else printLine(`app password ${credentialId} of ${address} revoked`);
}

async function appPasswordsOf(api: ApiClient, address: string): Promise<readonly Fields[]> {
  const listing = api.call('GET', pathOf`/mailboxes/${address}/credentials`);
  const listed = await explained(listing, { 404: noSuchMailbox(address) });
  return itemsOf(listed).filter(({ kind }) => kind === 'app-password');
}
