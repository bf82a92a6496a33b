/**
 * `poplar mailbox alias`: further names under which a mailbox logs in. They take no mail: that is the
 * mail server's matter.
 */

import { StartError } from '@poplar/runtime';
import type { Command } from 'commander';
import { addressedCommand, noSuchMailbox } from './mailbox-command.ts';
import { loginNameArgument } from './names.ts';
import { onePage, printJson, printLine, printRows } from './output.ts';
import { explain, type StoreCommandOptions, withStore } from './store-access.ts';

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
  await withStore(options, async ({ store }) => {
    const adding = store.directory.addLoginName({ address, name, actor: 'command' });
    const found = explain(adding, 'NOT_FOUND', noSuchMailbox(address));
    const free = explain(found, 'CONFLICT', `somebody logs in as ${name} already`);
    await explain(free, 'INVALID', `mailbox ${address} has as many names as it may`);
  });
  if (options.json === true) printJson({ address, name });
  else printLine(`${address} logs in as ${name}, too`);
}

async function removeAlias(
  address: string,
  name: string,
  options: StoreCommandOptions,
): Promise<void> {
  await withStore(options, ({ store }) => {
    const removing = store.directory.removeLoginName({ address, name, actor: 'command' });
    return explain(removing, 'NOT_FOUND', `mailbox ${address} has no alias ${name}`);
  });
  if (options.json === true) printJson({ address, name });
  else printLine(`${address} does not log in as ${name} any more`);
}

async function listNames(address: string, options: StoreCommandOptions): Promise<void> {
  const names = await withStore(options, ({ store }) => store.directory.listLoginNames(address));
  if (names.length === 0) throw new StartError(noSuchMailbox(address));
  await printRows<string>({
    pages: onePage(names),
    columns: [{ title: 'NAME', text: (name) => name }],
    json: (name) => name,
    asJson: options.json === true,
    none: noSuchMailbox(address),
  });
}
