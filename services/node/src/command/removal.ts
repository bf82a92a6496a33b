/**
 * `poplar domain remove`, `mailbox delete`, `undelete` and `quota`: what ends or bounds
 * what others have made.
 */

import type { Command } from 'commander';
import { withApi } from './api/access.ts';
import { dateOf, pathOf } from './api/client.ts';
import { addressedCommand } from './mailbox-command.ts';
import { domainArgument, durationArgument, sizeArgument } from './names.ts';
import { printedDate, printedOctets, printJson, printLine } from './output.ts';
import { type StoreCommandOptions, withStoreOptions } from './store-access.ts';

interface DeleteOptions extends StoreCommandOptions {
  readonly grace?: number;
}

/** Below the commands `domain` and `mailbox`, which must exist before. */
export function registerRemovalCommands(program: Command): void {
  const named = (name: string): Command => {
    const found = program.commands.find((command) => command.name() === name);
    if (found === undefined) throw new Error(`there is no command ${name}`);
    return found;
  };
  withStoreOptions(named('domain').command('remove').description('remove one without mailboxes'))
    .argument('<domain>', 'such as example.org', domainArgument)
    .action(removeDomain);
  const mailbox = named('mailbox');
  addressedCommand(mailbox, 'delete', 'close a mailbox at once, and remove it later')
    .option(
      '--grace <time>',
      'how long it can be had back; 7d without it; 0 ends it',
      durationArgument,
    )
    .action(deleteMailbox);
  addressedCommand(mailbox, 'undelete', 'have a deleted mailbox back').action(undeleteMailbox);
  addressedCommand(mailbox, 'quota', 'bound what a mailbox holds')
    .argument('<size>', 'such as 500MB or 2GB; none for that of its domain', sizeArgument)
    .action(setQuota);
}

async function removeDomain(domain: string, options: StoreCommandOptions): Promise<void> {
  await withApi(options, (api) => api.call('DELETE', pathOf`/domains/${domain}`));
  if (options.json === true) printJson({ domain });
  else printLine(`domain ${domain} removed`);
}

async function deleteMailbox(address: string, options: DeleteOptions): Promise<void> {
  const query = options.grace === undefined ? '' : `?graceSeconds=${options.grace}`;
  const path = `${pathOf`/mailboxes/${address}`}${query}`;
  const { deleteAfter } = await withApi(options, (api) => api.call('DELETE', path));
  const until = dateOf(deleteAfter);
  if (options.json === true) printJson({ address, deleteAfter });
  else
    printLine(
      `mailbox ${address} deleted; it can be had back until ${until && printedDate(until)}`,
    );
}

async function undeleteMailbox(address: string, options: StoreCommandOptions): Promise<void> {
  await withApi(options, (api) => api.call('POST', pathOf`/mailboxes/${address}/undelete`));
  if (options.json === true) printJson({ address });
  else printLine(`mailbox ${address} is active again`);
}

async function setQuota(
  address: string,
  size: number | 'none',
  options: StoreCommandOptions,
): Promise<void> {
  const quotaOctets = size === 'none' ? null : size;
  const path = pathOf`/mailboxes/${address}`;
  const set = await withApi(options, (api) => api.call('PATCH', path, { quotaOctets }));
  if (options.json === true) printJson({ address, quotaOctets: set.quotaOctets });
  else if (set.quotaOctets === null) printLine(`mailbox ${address} has no quota`);
  else printLine(`mailbox ${address} holds ${printedOctets(Number(set.quotaOctets))} at most`);
}
