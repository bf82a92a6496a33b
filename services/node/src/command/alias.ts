/**
 * `poplar mailbox alias`: further names under which a mailbox logs in. They take no mail: that is the
 * mail server's matter.
 */

import type { Command } from 'commander';
import { withApi } from './api/access.ts';
import { explained, pathOf, textOf } from './api/client.ts';
import { addressedCommand, noSuchMailbox } from './mailbox-command.ts';
import { loginNameArgument } from './names.ts';
import { onePage, printJson, printLine, printRows } from './output.ts';
import type { StoreCommandOptions } from './store-access.ts';

export function registerAliasCommands(mailbox: Command): void {
  const alias = mailbox.command('alias').description('further names to log in by');
  const named = (name: string, description: string) =>
    addressedCommand(alias, name, description).argument(
      '<name>',
      'an address, or a name such as ann',
      loginNameArgument,
    );
  named('add', 'let a mailbox log in by a name').action(addAlias);
  named('remove', 'end that').action(removeAlias);
  addressedCommand(alias, 'list', 'list the names by which a mailbox logs in').action(listNames);
}

async function addAlias(
  address: string,
  name: string,
  options: StoreCommandOptions,
): Promise<void> {
  await withApi(options, (api) =>
    explained(api.call('POST', pathOf`/mailboxes/${address}/login-names`, { name }), {
      404: noSuchMailbox(address),
      409: `somebody logs in as ${name} already`,
      422: `mailbox ${address} has as many names as it may`,
    }),
  );
  if (options.json === true) printJson({ address, name });
  else printLine(`${address} logs in as ${name}, too`);
}

async function removeAlias(
  address: string,
  name: string,
  options: StoreCommandOptions,
): Promise<void> {
  await withApi(options, (api) =>
    explained(api.call('DELETE', pathOf`/mailboxes/${address}/login-names/${name}`), {
      404: `mailbox ${address} has no alias ${name}`,
    }),
  );
  if (options.json === true) printJson({ address, name });
  else printLine(`${address} does not log in as ${name} any more`);
}

async function listNames(address: string, options: StoreCommandOptions): Promise<void> {
  const { items } = await withApi(options, (api) =>
    explained(api.call('GET', pathOf`/mailboxes/${address}/login-names`), {
      404: noSuchMailbox(address),
    }),
  );
  await printRows<unknown>({
    pages: onePage(Array.isArray(items) ? items : []),
    columns: [{ title: 'NAME', text: (name) => textOf(name) }],
    json: (name) => name,
    asJson: options.json === true,
    none: noSuchMailbox(address),
  });
}
