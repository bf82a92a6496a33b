/**
 * `poplar token`: tokens of the REST API.
 *
 * Never: one shown a second time.
 */

import { scopes } from '@poplar/admin';
import type { Command } from 'commander';
import { withApi } from './api/access.ts';
import { dateOf, type Fields, pathOf, textOf } from './api/client.ts';
import { wordsOption } from './closed-list.ts';
import { countArgument, domainArgument, idArgument } from './names.ts';
import { printedDate, printJson, printLine, printRows } from './output.ts';
import { type StoreCommandOptions, withStoreOptions } from './store-access.ts';

interface AddOptions extends StoreCommandOptions {
  readonly scope: readonly string[];
  readonly domain?: string;
  readonly expires?: number;
}

const dayMs = 86_400_000;

export function registerTokenCommands(program: Command): void {
  const token = program.command('token').description('tokens of the REST API');
  withStoreOptions(token.command('add').description('make one and print it, once'))
    .argument('<label>', 'what it is for, such as "monitoring"')
    .addOption(
      wordsOption(
        '--scope <scopes>',
        'what it opens, with commas between',
        scopes,
      ).makeOptionMandatory(),
    )
    .option('--domain <domain>', 'only the mailboxes of this domain', domainArgument)
    .option('--expires <days>', 'it ends after so many days', countArgument)
    .action(addToken);
  withStoreOptions(token.command('list').description('list them')).action(listTokens);
  withStoreOptions(token.command('revoke').description('end one for good'))
    .argument('<id>', 'as list shows it', idArgument)
    .action(revokeToken);
}

async function addToken(label: string, options: AddOptions): Promise<void> {
  const { scope, domain, expires } = options;
  const expiresAt =
    expires === undefined ? undefined : new Date(Date.now() + expires * dayMs).toISOString();
  const asked = { label, scopes: scope, domain, expiresAt };
  const made = await withApi(options, (api) => api.call('POST', '/tokens', asked));
  if (options.json === true) printJson({ ...asked, ...made });
  else printLine(textOf(made.token));
}

async function listTokens(options: StoreCommandOptions): Promise<void> {
  await withApi(options, (api) =>
    printRows<Fields>({
      pages: api.pages('/tokens'),
      columns: [
        { title: 'ID', text: ({ tokenId }) => textOf(tokenId), right: true },
        { title: 'LABEL', text: ({ label }) => textOf(label), widthMin: 20 },
        { title: 'SCOPES', text: ({ scopes: given }) => String(given), widthMin: 20 },
        { title: 'DOMAIN', text: ({ domain }) => textOf(domain, 'all') },
        { title: 'STATE', text: stateOf },
        { title: 'LAST USED', text: ({ lastUsedOn }) => textOf(lastUsedOn, 'never') },
      ],
      json: (row) => row,
      asJson: options.json === true,
      none: 'there is no token but the root token',
    }),
  );
}

function stateOf({ isGood, revokedAt, expiresAt }: Fields): string {
  if (revokedAt !== null) return 'revoked';
  if (isGood !== true) return 'over';
  const until = dateOf(expiresAt);
  return until === null ? 'good' : `good until ${printedDate(until)}`;
}

async function revokeToken(tokenId: string, options: StoreCommandOptions): Promise<void> {
  await withApi(options, (api) => api.call('DELETE', pathOf`/tokens/${tokenId}`));
  if (options.json === true) printJson({ tokenId });
  else printLine(`token ${tokenId} revoked`);
}
