/**
 * `poplar session`: which maildrops are open, and where.
 */

import type { HeldMaildrop, Store } from '@poplar/store';
import type { Command } from 'commander';
import { listPageRows } from './limits.ts';
import { printedDate, printRows } from './output.ts';
import { type StoreCommandOptions, withStore, withStoreOptions } from './store-access.ts';

export function registerSessionCommands(program: Command): void {
  const session = program.command('session').description('sessions that have a maildrop open');
  withStoreOptions(session.command('list').description('list the open maildrops')).action(
    listSessions,
  );
}

async function listSessions(options: StoreCommandOptions): Promise<void> {
  await withStore(options, ({ store }) =>
    printRows<HeldMaildrop>({
      pages: openMaildrops(store),
      columns: [
        { title: 'ADDRESS', text: ({ address }) => address, widthMin: 30 },
        { title: 'NODE', text: ({ nodeName }) => nodeName, widthMin: 20 },
        { title: 'WORKER', text: ({ worker }) => String(worker), right: true },
        { title: 'SINCE', text: ({ since }) => printedDate(since) },
      ],
      json: (held) => held,
      asJson: options.json === true,
      none: 'no maildrop is open',
    }),
  );
}

/** The maildrops whose lock is held by a worker that lives. */
async function* openMaildrops(store: Store): AsyncGenerator<readonly HeldMaildrop[]> {
  for (let after = ''; ; ) {
    const rows = await store.directory.listLocks({ after, limit: listPageRows });
    yield rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < listPageRows) return;
    after = last.address;
  }
}
