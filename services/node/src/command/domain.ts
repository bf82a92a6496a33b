/**
 * `poplar domain`: the domains whose mail is kept here.
 */

import type { DomainRow, Store } from '@poplar/store';
import type { Command } from 'commander';
import { listPageRows } from './limits.ts';
import { domainArgument } from './names.ts';
import { printedCount, printJson, printLine, printRows } from './output.ts';
import { explain, type StoreCommandOptions, withStore, withStoreOptions } from './store-access.ts';

export function registerDomainCommands(program: Command): void {
  const domain = program.command('domain').description('the domains whose mail is kept here');
  withStoreOptions(domain.command('add').description('add a domain'))
    .argument('<domain>', 'such as example.org', domainArgument)
    .action(addDomain);
  withStoreOptions(domain.command('list').description('list all domains')).action(listDomains);
}

async function addDomain(name: string, options: StoreCommandOptions): Promise<void> {
  await withStore(options, ({ store }) =>
    explain(
      store.directory.addDomain({ name, actor: 'command' }),
      'CONFLICT',
      `domain ${name} exists already`,
    ),
  );
  if (options.json === true) printJson({ domain: name });
  else printLine(`domain ${name} added`);
}

async function listDomains(options: StoreCommandOptions): Promise<void> {
  await withStore(options, ({ store }) =>
    printRows<DomainRow>({
      pages: domainPages(store),
      columns: [
        { title: 'DOMAIN', text: ({ name }) => name, widthMin: 30 },
        { title: 'MAILBOXES', text: ({ mailboxes }) => printedCount(mailboxes), right: true },
        {
          title: 'UNDELETE WINDOW',
          text: ({ undeleteWindowSeconds }) =>
            undeleteWindowSeconds === 0 ? 'none' : `${printedCount(undeleteWindowSeconds)} s`,
          right: true,
        },
      ],
      json: ({ name, ...rest }) => ({ domain: name, ...rest }),
      asJson: options.json === true,
      none: 'there is no domain yet; add one with: poplar domain add example.org',
    }),
  );
}

async function* domainPages(store: Store): AsyncGenerator<readonly DomainRow[]> {
  let after = '';
  while (true) {
    const rows = await store.directory.listDomains({ after, limit: listPageRows });
    yield rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < listPageRows) return;
    after = last.name;
  }
}
