/**
 * `poplar audit`: who changed what, the latest first.
 *
 * Never: "nothing was changed" of a domain or a mailbox that is not there: it may be a slip of the pen.
 */

import type { Command } from 'commander';
import { withApi } from './api/access.ts';
import {
  type ApiClient,
  dateOf,
  explained,
  type Fields,
  pathOf,
  queryOf,
  textOf,
} from './api/client.ts';
import { noSuchMailbox } from './mailbox-command.ts';
import { addressArgument, countArgument, domainArgument } from './names.ts';
import { printedDate, printRows } from './output.ts';
import { type StoreCommandOptions, withStoreOptions } from './store-access.ts';

interface AuditOptions extends StoreCommandOptions {
  readonly mailbox?: string;
  readonly domain?: string;
  readonly limit?: number;
}

export function registerAuditCommand(program: Command): void {
  withStoreOptions(program.command('audit').description('who changed what, the latest first'))
    .option('--mailbox <address>', 'only changes of this one', addressArgument)
    .option('--domain <domain>', 'only of this domain and its mailboxes', domainArgument)
    .option('--limit <count>', 'so many at most', countArgument)
    .action(listAudit);
}

async function listAudit(options: AuditOptions): Promise<void> {
  await withApi(options, (api) =>
    printRows<Fields>({
      pages: entries(api, options),
      columns: [
        { title: 'AT', text: ({ at }) => printedDate(dateOf(at) ?? new Date(0)) },
        { title: 'BY', text: ({ actor }) => textOf(actor), widthMin: 20 },
        { title: 'ACTION', text: ({ action }) => textOf(action), widthMin: 18 },
        { title: 'SUBJECT', text: ({ subject }) => textOf(subject), widthMin: 24 },
        { title: 'DETAIL', text: ({ detail }) => JSON.stringify(detail) },
      ],
      json: (row) => row,
      asJson: options.json === true,
      none: 'nothing was changed yet',
    }),
  );
}

async function* entries(
  api: ApiClient,
  { mailbox: address, domain, limit }: AuditOptions,
): AsyncGenerator<readonly Fields[]> {
  let isEmpty = true;
  for await (const rows of api.pages(`/audit${queryOf({ address, domain })}`, limit)) {
    // Asked only now: what was done to a mailbox that is gone is still told.
    if (isEmpty && rows.length === 0 && address !== undefined) await refuseAbsent(api, address);
    isEmpty = false;
    yield rows;
  }
}

/** Throws StartError when there is no such mailbox; of a domain that is not there the API says so itself. */
async function refuseAbsent(api: ApiClient, address: string): Promise<void> {
  await explained(api.call('GET', pathOf`/mailboxes/${address}`), { 404: noSuchMailbox(address) });
}
