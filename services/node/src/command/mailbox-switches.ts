/**
 * `poplar mailbox suspend`, `resume` and `set`: whether a mailbox may log in and takes mail. Each
 * holds for the next login on every node; sessions that are open go on.
 */

import type { Command } from 'commander';
import { withApi } from './api/access.ts';
import { explained, pathOf } from './api/client.ts';
import { addressedCommand, noSuchMailbox } from './mailbox-command.ts';
import { switchArgument } from './names.ts';
import { printJson, printLine } from './output.ts';
import type { StoreCommandOptions } from './store-access.ts';

interface SetOptions extends StoreCommandOptions {
  readonly pop3?: boolean;
}

type Status = 'active' | 'suspended';

export function registerSwitchCommands(mailbox: Command): void {
  addressedCommand(mailbox, 'suspend', 'let nobody log in, and take no mail').action(
    (address: string, options: StoreCommandOptions) => setStatus(address, 'suspended', options),
  );
  addressedCommand(mailbox, 'resume', 'undo suspend').action(
    (address: string, options: StoreCommandOptions) => setStatus(address, 'active', options),
  );
  addressedCommand(mailbox, 'set', 'change what is set for a mailbox')
    .option('--pop3 <on|off>', 'whether it may use POP3; it takes mail either way', switchArgument)
    .action(setSwitches);
}

async function setStatus(
  address: string,
  status: Status,
  options: StoreCommandOptions,
): Promise<void> {
  await change(address, { status }, options);
  if (options.json === true) printJson({ address, status });
  else printLine(`mailbox ${address} ${status === 'active' ? 'resumed' : 'suspended'}`);
}

async function setSwitches(address: string, options: SetOptions, command: Command): Promise<void> {
  const { pop3: enabled } = options;
  if (enabled === undefined) command.error('error: nothing to set: give --pop3');
  else {
    await change(address, { pop3Enabled: enabled }, options);
    if (options.json === true) printJson({ address, pop3Enabled: enabled });
    else printLine(`POP3 of ${address} is ${enabled ? 'on' : 'off'}`);
  }
}

async function change(
  address: string,
  settings: { readonly status?: Status; readonly pop3Enabled?: boolean },
  options: StoreCommandOptions,
): Promise<void> {
  await withApi(options, (api) =>
    explained(api.call('PATCH', pathOf`/mailboxes/${address}`, settings), {
      404: noSuchMailbox(address),
    }),
  );
}
