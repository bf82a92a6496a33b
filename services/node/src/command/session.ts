/**
 * `poplar session`: which maildrops are open, where, and the end of one that should not be.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '@poplar/runtime';
import type { Command } from 'commander';
import { withApi } from './api/access.ts';
import { type ApiClient, ApiProblem, type Fields, pathOf, textOf } from './api/client.ts';
import { kickPollMs, kickWaitMs } from './limits.ts';
import { addressedCommand, noSuchMailbox } from './mailbox-command.ts';
import { printedTime, printJson, printLine, printRows } from './output.ts';
import { type StoreCommandOptions, withStoreOptions } from './store-access.ts';

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
  await withApi(options, (api) =>
    printRows<Fields>({
      pages: api.pages('/sessions'),
      columns: [
        { title: 'ADDRESS', text: ({ address }) => textOf(address), widthMin: 30 },
        { title: 'NODE', text: ({ node }) => textOf(node), widthMin: 20 },
        { title: 'WORKER', text: ({ worker }) => textOf(worker), right: true },
        { title: 'SINCE', text: ({ since }) => printedTime(since, '') },
        { title: 'FROM', text: ({ client }) => textOf(client), widthMin: 15 },
        { title: 'BY', text: ({ actor }) => textOf(actor) },
      ],
      json: ({ node: nodeName, ...held }) => ({ ...held, nodeName }),
      asJson: options.json === true,
      none: 'no maildrop is open',
    }),
  );
}

async function kickSession(address: string, options: KickOptions): Promise<void> {
  const isBroken = options.break === true;
  await withApi(options, async (api) => {
    const path = `${pathOf`/sessions/${address}`}${isBroken ? '?break=true' : ''}`;
    const ended = await sessionOf(api.call('DELETE', path));
    if (ended === null) throw new StartError(await whyNone(api, address));
    const { node: nodeName, worker, since, client } = ended;
    const startedAtMs = performance.now();
    const isFree = isBroken || (await isReleased(api, address, ended));
    if (!isFree) {
      const hint = 'with --break its lock is freed all the same';
      throw new StartError(
        `the session of ${address} on node ${textOf(nodeName)} has not ended in ${kickWaitMs / 1_000} s; ${hint}`,
      );
    }
    const releasedAfterMs = Math.round(performance.now() - startedAtMs);
    if (options.json === true) {
      printJson({ address, nodeName, worker, since, client, isBroken, releasedAfterMs });
      return;
    }
    const from = client === null ? '' : `, from ${textOf(client)}`;
    const place = `node ${textOf(nodeName)}, worker ${textOf(worker)}${from}`;
    const session = `session of ${address} on ${place}`;
    printLine(
      isBroken
        ? `the lock is free; it was of the ${session}`
        : `ended in ${(releasedAfterMs / 1_000).toFixed(1)} s: the ${session}`,
    );
  });
}

/** Null when nobody has the maildrop open. */
async function sessionOf(asking: Promise<Fields>): Promise<Fields | null> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 404) return null;
    throw error;
  }
}

async function whyNone(api: ApiClient, address: string): Promise<string> {
  const mailbox = await sessionOf(api.call('GET', pathOf`/mailboxes/${address}`));
  return mailbox === null ? noSuchMailbox(address) : `nobody has ${address} open`;
}

/** Whether that session gives its maildrop back in time; another one may have it then. */
async function isReleased(api: ApiClient, address: string, ended: Fields): Promise<boolean> {
  const untilMs = performance.now() + kickWaitMs;
  while (performance.now() < untilMs) {
    const now = await sessionOf(api.call('GET', pathOf`/sessions/${address}`));
    const isSame = now?.node === ended.node && now?.worker === ended.worker;
    if (now === null || !isSame || now.since !== ended.since) return true;
    await sleep(kickPollMs);
  }
  return false;
}
