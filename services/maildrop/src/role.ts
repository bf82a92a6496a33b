/**
 * The maildrop role put together: store, LMTP listeners, purge loop.
 *
 * Never: a decision of its own. Order matters here and nowhere else: the store is opened first and
 * closed last, and the role is started when every listener answers.
 */

import {
  followStore,
  type RoleInstance,
  storeEvents,
  type WorkerContext,
  watchEnd,
} from '@poplar/runtime';
import { openStore, type Store } from '@poplar/store';
import { AcceptMessage, failureCode } from './accept-message.ts';
import {
  databaseConnectionsMax,
  forgetRoundsMax,
  housekeepingIntervalMs,
  purgeIntervalMs,
  removeRoundsMax,
} from './limits.ts';
import { makeLmtpListener } from './lmtp-front.ts';
import { PurgeLoop } from './purge-loop.ts';
import { StartTls } from './starttls.ts';

export async function startMaildrop(context: WorkerContext): Promise<RoleInstance> {
  const store = openStore({
    databaseUrl: context.databaseUrl,
    applicationName: `poplar maildrop ${context.config.nodeName}`,
    workConnectionsMax: databaseConnectionsMax,
    tellsWebhooks: true,
    meter: storeEvents(context.metrics),
  });
  followStore(context.metrics, () => store.stats());
  const startTls = new StartTls(context.certificates, context.ticketKeys);
  const { config, log, metrics, tracer } = context;
  const accept = new AcceptMessage({ store, hostname: config.hostname, log, metrics, tracer });
  const listener = makeLmtpListener({ config, metrics, log, accept, startTls });
  const listeners: string[] = [];
  for (const address of config.listeners.lmtp) {
    listeners.push(await listener.listen(address));
  }
  const purgeLoop = makePurgeLoop(context, store);
  purgeLoop.start();
  return {
    listeners,
    drain: async (deadlineMs) => {
      const left = () => ({ waitsFor: 'connections', connections: listener.connections });
      await Promise.all([
        watchEnd(log, left, listener.drain(deadlineMs)),
        watchEnd(log, 'the purge', purgeLoop.stop()),
      ]);
      await watchEnd(log, 'the database', store.end());
    },
    reload: ({ certificates }) => startTls.reload(certificates),
    // This role takes no locks.
    ownerChanged: () => {},
    leaseLapsed: () => {},
    cutOff: () => {},
    // A node that takes no sessions still takes mail, until it ends.
    admit: async () => {},
  };
}

function makePurgeLoop({ log, metrics }: WorkerContext, store: Store): PurgeLoop {
  return new PurgeLoop(
    {
      purge: () => store.purge(),
      tidy: async () => {
        await store.reapOwners();
        for (let rounds = 0; rounds < removeRoundsMax; rounds += 1) {
          if (!(await store.administration.removeDueMailbox())) break;
        }
        for (let rounds = 0; rounds < forgetRoundsMax; rounds += 1) {
          if ((await store.administration.jobs.forget()) === 0) break;
        }
        for (let rounds = 0; rounds < forgetRoundsMax; rounds += 1) {
          if ((await store.administration.requestKeys.forget()) === 0) break;
        }
        for (let rounds = 0; rounds < forgetRoundsMax; rounds += 1) {
          if ((await store.forgetReceipts()) === 0) return;
        }
      },
      purged: (messages) => {
        metrics.add('poplar_messages_purged_total', messages);
        metrics.inc('poplar_purge_rounds_total', 'done');
      },
      failed: (error) => {
        const code = failureCode(error);
        metrics.inc('poplar_purge_rounds_total', 'failed');
        metrics.inc('poplar_store_errors_total', code);
        log.error({ event: 'failure', during: 'purge', code }, 'the purge failed', error);
      },
    },
    { purgeIntervalMs, housekeepingIntervalMs },
  );
}
