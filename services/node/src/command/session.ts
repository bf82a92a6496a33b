/**
 * `poplar session`: which maildrops are open, where, and the end of one that should not be.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '@poplar/runtime';
import type { EndedSession, HeldMaildrop, Store } from '@poplar/store';
import type { Command } from 'commander';
import { kickPollMs, kickWaitMs, listPageRows } from './limits.ts';
import { addressedCommand, noSuchMailbox } from './mailbox-command.ts';
import { printedDate, printJson, printLine, printRows } from './output.ts';
import { type StoreCommandOptions, withStore, withStoreOptions } from './store-access.ts';

interface KickOptions extends StoreCommandOptions {
  readonly break?: true;
}

export function registerSessionCommands(program: Command): void {
  const session = program.command('session').description('sessions that have a maildrop open');
  withStoreOptions(session.command('list').description('list the open maildrops')).action(
    listSessions,
  );
  addressedCommand(session, 'kick', 'end the session that has a maildrop open; nothing is removed')
    .option('--break', 'free its lock at once, whether or not its node hears of it')
    .action(kickSession);
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
        { title: 'FROM', text: ({ client }) => client ?? '', widthMin: 15 },
        { title: 'BY', text: ({ actor }) => actor ?? '' },
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

async function kickSession(address: string, options: KickOptions): Promise<void> {
  const isBroken = options.break === true;
  await withStore(options, async ({ store }) => {
    const ended = await store.cluster.endSession({ address, isBroken, actor: 'command' });
    if (ended === null) throw new StartError(await whyNone(store, address));
    const startedAtMs = performance.now();
    const isFree = isBroken || (await isReleased(store, ended));
    if (!isFree) {
      const hint = 'with --break its lock is freed all the same';
      throw new StartError(
        `the session of ${address} on node ${ended.nodeName} has not ended in ${kickWaitMs / 1_000} s; ${hint}`,
      );
    }
    const { nodeName, worker, since, client } = ended;
    const releasedAfterMs = Math.round(performance.now() - startedAtMs);
    if (options.json === true) {
      printJson({ address, nodeName, worker, since, client, isBroken, releasedAfterMs });
      return;
    }
    const from = client === null ? '' : `, from ${client}`;
    const session = `session of ${address} on node ${nodeName}, worker ${worker}${from}`;
    printLine(
      isBroken
        ? `the lock is free; it was of the ${session}`
        : `ended in ${(releasedAfterMs / 1_000).toFixed(1)} s: the ${session}`,
    );
  });
}

async function whyNone(store: Store, address: string): Promise<string> {
  const details = await store.directory.findMailbox(address);
  return details === null ? noSuchMailbox(address) : `nobody has ${address} open`;
}

/** Whether that session gives its maildrop back in time. */
async function isReleased(store: Store, { mailboxId, token }: EndedSession): Promise<boolean> {
  const untilMs = performance.now() + kickWaitMs;
  while (performance.now() < untilMs) {
    if (!(await store.cluster.isHeld({ mailboxId, token }))) return true;
    await sleep(kickPollMs);
  }
  return false;
}
