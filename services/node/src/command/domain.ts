/**
 * `poplar domain`: the domains whose mail is kept here.
 */

import type { DomainRow, Store } from '@poplar/store';
import type { Command } from 'commander';
import { listPageRows } from './limits.ts';
import { domainArgument, durationArgument, switchArgument } from './names.ts';
import { printedCount, printedDuration, printJson, printLine, printRows } from './output.ts';
import { explain, type StoreCommandOptions, withStore, withStoreOptions } from './store-access.ts';

interface SetOptions extends StoreCommandOptions {
  readonly pop3?: boolean;
  readonly loginDelay?: number;
  readonly undeleteWindow?: number;
}

export function registerDomainCommands(program: Command): void {
  const domain = program.command('domain').description('the domains whose mail is kept here');
  withStoreOptions(domain.command('add').description('add a domain'))
    .argument('<domain>', 'such as example.org', domainArgument)
    .action(addDomain);
  withStoreOptions(domain.command('set').description('change what is set for a domain'))
    .argument('<domain>', 'such as example.org', domainArgument)
    .option('--pop3 <on|off>', 'whether its mailboxes may use POP3', switchArgument)
    .option(
      '--login-delay <time>',
      'how soon a maildrop may be opened again, such as 30s; 0 for at once',
      durationArgument,
    )
    .option(
      '--undelete-window <time>',
      'how long deleted messages are kept before they are purged, such as 7d',
      durationArgument,
    )
    .action(setDomain);
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

async function setDomain(name: string, options: SetOptions, command: Command): Promise<void> {
  const { pop3, loginDelay, undeleteWindow } = options;
  if (pop3 === undefined && loginDelay === undefined && undeleteWindow === undefined) {
    command.error('error: nothing to set: give --pop3, --login-delay or --undelete-window');
  }
  const settings = {
    pop3Enabled: pop3,
    loginDelaySeconds: loginDelay,
    undeleteWindowSeconds: undeleteWindow,
  };
  await withStore(options, async ({ store }) => {
    const setting = store.directory.setDomain({ name, ...settings, actor: 'command' });
    const found = explain(setting, 'NOT_FOUND', `there is no domain ${name}`);
    await explain(
      found,
      'INVALID',
      'a login delay has at most 1 day, an undelete window at most 366 days',
    );
  });
  if (options.json === true) printJson({ domain: name, ...settings });
  else printLine(`domain ${name} set`);
}

async function listDomains(options: StoreCommandOptions): Promise<void> {
  await withStore(options, ({ store }) =>
    printRows<DomainRow>({
      pages: domainPages(store),
      columns: [
        { title: 'DOMAIN', text: ({ name }) => name, widthMin: 30 },
        { title: 'MAILBOXES', text: ({ mailboxes }) => printedCount(mailboxes), right: true },
        { title: 'POP3', text: ({ pop3Enabled }) => (pop3Enabled ? 'on' : 'off') },
        {
          title: 'LOGIN DELAY',
          text: (row) => printedDuration(row.loginDelaySeconds),
          right: true,
        },
        {
          title: 'UNDELETE WINDOW',
          text: (row) => printedDuration(row.undeleteWindowSeconds),
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
