/**
 * `poplar domain`: the domains whose mail is kept here.
 */

import type { Command } from 'commander';
import { withApi } from './api/access.ts';
import { explained, type Fields, pathOf, textOf } from './api/client.ts';
import { domainArgument, durationArgument, sizeArgument, switchArgument } from './names.ts';
import {
  printedCount,
  printedDuration,
  printedOctets,
  printFields,
  printJson,
  printLine,
  printRows,
} from './output.ts';
import { type StoreCommandOptions, withStoreOptions } from './store-access.ts';

interface SetOptions extends StoreCommandOptions {
  readonly pop3?: boolean;
  readonly loginDelay?: number;
  readonly undeleteWindow?: number;
  readonly quota?: number | 'none';
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
    .option(
      '--quota <size>',
      'what each of its mailboxes holds, such as 2GB, or none',
      sizeArgument,
    )
    .action(setDomain);
  withStoreOptions(domain.command('show').description('show a domain and what is set for it'))
    .argument('<domain>', 'such as example.org', domainArgument)
    .action(showDomain);
  withStoreOptions(domain.command('list').description('list all domains')).action(listDomains);
}

async function addDomain(name: string, options: StoreCommandOptions): Promise<void> {
  await withApi(options, (api) => {
    const adding = api.call('POST', '/domains', { domain: name });
    return explained(adding, { 409: `domain ${name} exists already` });
  });
  if (options.json === true) printJson({ domain: name });
  else printLine(`domain ${name} added`);
}

async function showDomain(name: string, options: StoreCommandOptions): Promise<void> {
  const row = await withApi(options, (api) =>
    explained(api.call('GET', pathOf`/domains/${name}`), { 404: `there is no domain ${name}` }),
  );
  if (options.json === true) {
    printJson(row);
    return;
  }
  printFields([
    ['domain', textOf(row.domain)],
    ['mailboxes', printedCount(Number(row.mailboxes))],
    ['quota', quotaOf(row)],
    ['POP3', row.pop3Enabled === true ? 'on' : 'off'],
    ['login delay', printedDuration(Number(row.loginDelaySeconds))],
    ['undelete window', printedDuration(Number(row.undeleteWindowSeconds))],
  ]);
}

async function setDomain(name: string, options: SetOptions, command: Command): Promise<void> {
  const { pop3, loginDelay, undeleteWindow, quota } = options;
  const settings = {
    pop3Enabled: pop3,
    loginDelaySeconds: loginDelay,
    undeleteWindowSeconds: undeleteWindow,
    quotaOctets: quota === 'none' ? null : quota,
  };
  if (Object.values(settings).every((value) => value === undefined)) {
    command.error(
      'error: nothing to set: give --pop3, --login-delay, --undelete-window or --quota',
    );
  }
  await withApi(options, (api) =>
    explained(api.call('PATCH', pathOf`/domains/${name}`, settings), {
      400: 'a login delay has at most 1 day, an undelete window at most 366 days',
      404: `there is no domain ${name}`,
    }),
  );
  if (options.json === true) printJson({ domain: name, ...settings });
  else printLine(`domain ${name} set`);
}

async function listDomains(options: StoreCommandOptions): Promise<void> {
  await withApi(options, (api) =>
    printRows<Fields>({
      pages: api.pages('/domains'),
      columns: [
        { title: 'DOMAIN', text: ({ domain }) => textOf(domain), widthMin: 30 },
        { title: 'MAILBOXES', text: (row) => printedCount(Number(row.mailboxes)), right: true },
        { title: 'QUOTA', text: quotaOf, right: true },
        { title: 'POP3', text: ({ pop3Enabled }) => (pop3Enabled ? 'on' : 'off') },
        {
          title: 'LOGIN DELAY',
          text: (row) => printedDuration(Number(row.loginDelaySeconds)),
          right: true,
        },
        {
          title: 'UNDELETE WINDOW',
          text: (row) => printedDuration(Number(row.undeleteWindowSeconds)),
          right: true,
        },
      ],
      json: (row) => row,
      asJson: options.json === true,
      none: 'there is no domain yet; add one with: poplar domain add example.org',
    }),
  );
}

function quotaOf({ quotaOctets }: Fields): string {
  return quotaOctets === null ? 'none' : printedOctets(Number(quotaOctets));
}
