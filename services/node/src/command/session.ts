/**
 * `poplar session`: which maildrops are open, and where.
 */

import type { LockHolder, Store } from '@poplar/store';
import type { Command } from 'commander';
import { lockLookupsMax } from './limits.ts';
import { mailboxPages } from './mailbox-pages.ts';
import { printedDate, printRows } from './output.ts';
import { type StoreCommandOptions, withStore, withStoreOptions } from './store-access.ts';

interface OpenMaildrop {
  readonly address: string;
  readonly lock: LockHolder;
}

export function registerSessionCommands(program: Command): void {
  const session = program.command('session').description('sessions that have a maildrop open');
  withStoreOptions(session.command('list').description('list the open maildrops')).action(
    listSessions,
  );
}

async function listSessions(options: StoreCommandOptions): Promise<void> {
  await withStore(options, ({ store }) =>
    printRows<OpenMaildrop>({
      pages: openMaildrops(store),
      columns: [
        { title: 'ADDRESS', text: ({ address }) => address, widthMin: 30 },
        { title: 'NODE', text: ({ lock }) => lock.nodeName ?? '?', widthMin: 20 },
        { title: 'WORKER', text: ({ lock }) => String(lock.worker ?? '?'), right: true },
        {
          title: 'SINCE',
          text: ({ lock }) => (lock.since === null ? '' : printedDate(lock.since)),
        },
      ],
      json: ({ address, lock: { nodeName, worker, ownerId, since } }) => ({
        address,
        nodeName,
        worker,
        ownerId,
        since,
      }),
      asJson: options.json === true,
      none: 'no maildrop is open',
    }),
  );
}

/**
 * The maildrops whose lock is held by a worker that lives. Every mailbox is looked at, a few at a
 * time: the locks can be asked for by mailbox only.
 */
async function* openMaildrops(store: Store): AsyncGenerator<readonly OpenMaildrop[]> {
  for await (const rows of mailboxPages(store)) {
    const open: OpenMaildrop[] = [];
    for (let at = 0; at < rows.length; at += lockLookupsMax) {
      const some = rows.slice(at, at + lockLookupsMax);
      for (const details of await Promise.all(
        some.map(({ address }) => store.findMailbox(address)),
      )) {
        if (details?.lock?.alive === true)
          open.push({ address: details.address, lock: details.lock });
      }
    }
    yield open;
  }
}
