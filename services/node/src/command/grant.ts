/**
 * `poplar mailbox grant`: who may open whose maildrop. `add ANN --to BOB` lets Bob open Ann's;
 * `add ANN --master` makes Ann a master user, who may open all, or all of a domain.
 */

import type { Command } from 'commander';
import { withApi } from './api/access.ts';
import { explained, type Fields, itemsOf, pathOf, queryOf, textOf } from './api/client.ts';
import { addressedCommand, noSuchMailbox } from './mailbox-command.ts';
import { addressArgument, domainArgument } from './names.ts';
import { onePage, printJson, printLine, printRows } from './output.ts';
import type { StoreCommandOptions } from './store-access.ts';

interface GrantOptions extends StoreCommandOptions {
  readonly to?: string;
  readonly master?: true;
  readonly domain?: string;
}

type Change = 'add' | 'remove';

export function registerGrantCommands(mailbox: Command): void {
  const grant = mailbox.command('grant').description("who may open another's maildrop");
  const changing = (name: Change, description: string) =>
    addressedCommand(grant, name, description)
      .option('--to <address>', 'this mailbox may open it', addressArgument)
      .option('--master', 'it may open others: those of --domain, or all')
      .option('--domain <domain>', 'with --master: those of this domain', domainArgument)
      .action((address: string, options: GrantOptions, command: Command) =>
        changeGrant(name, { address, options, command }),
      );
  changing('add', 'let a maildrop be opened by another, or make a master user');
  changing('remove', 'end that; it holds for the next login');
  addressedCommand(grant, 'list', 'list who may open it, and what it may open').action(listGrants);
}

interface Wanted {
  readonly address: string;
  readonly options: GrantOptions;
  readonly command: Command;
}

async function changeGrant(change: Change, wanted: Wanted): Promise<void> {
  const { address, options, command } = wanted;
  const { to, master, domain } = options;
  if ((to === undefined) === (master === undefined)) {
    command.error('error: give either --to or --master');
  }
  if (domain !== undefined && master === undefined) {
    command.error('error: --domain goes with --master');
  }
  const path =
    to === undefined
      ? `${pathOf`/mailboxes/${address}/master-grant`}${queryOf({ domain })}`
      : pathOf`/mailboxes/${address}/grants/${to}`;
  const absent = change === 'add' ? 'mailbox or domain' : 'mailbox, domain or grant';
  await withApi(options, (api) =>
    explained(api.call(change === 'add' ? 'PUT' : 'DELETE', path), {
      'domain-not-found': 'there is no such domain',
      'grant-not-found': 'there is no such grant',
      'grantee-not-found': `there is no mailbox ${to ?? address}`,
      404: `there is no such ${absent}`,
      409: 'there is such a grant already',
      422: 'a mailbox needs no grant for its own maildrop',
    }),
  );
  if (options.json === true) {
    printJson(
      to === undefined ? { address, master: true, domain: domain ?? null } : { address, to },
    );
    return;
  }
  const may = change === 'add' ? 'may' : 'may no longer';
  const all = domain === undefined ? 'every maildrop' : `every maildrop of ${domain}`;
  printLine(
    to === undefined ? `${address} ${may} open ${all}` : `${to} ${may} open that of ${address}`,
  );
}

async function listGrants(address: string, options: StoreCommandOptions): Promise<void> {
  const listed = await withApi(options, (api) =>
    explained(api.call('GET', pathOf`/mailboxes/${address}/grants`), {
      404: noSuchMailbox(address),
    }),
  );
  await printRows<Fields>({
    pages: onePage(itemsOf(listed)),
    columns: [
      { title: 'GRANT', text: grantText },
      { title: 'MAILBOX', text: ({ kind, name }) => (kind === 'opens-domain' ? '' : textOf(name)) },
    ],
    json: (row) => row,
    asJson: options.json === true,
    none: `no other may open that of ${address}, nor it another`,
  });
}

function grantText({ kind, domain }: Fields): string {
  const all = domain === null ? 'all' : `all of ${textOf(domain)}`;
  if (kind === 'opened-by') return 'opened by';
  if (kind === 'opened-by-master') return `opened by the master of ${all}`;
  return kind === 'opens' ? 'opens' : `opens ${all}`;
}
