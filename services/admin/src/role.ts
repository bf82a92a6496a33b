/**
 * The admin role put together: store, API, listener, the sender of events.
 *
 * Never: the root token; only its digest comes here. A node that is drained of its sessions still
 * answers here, or nobody could undrain it.
 */

import { openThrottleView } from '@poplar/identity';
import {
  followStore,
  ListenError,
  listenProblem,
  printAddress,
  type RoleInstance,
  StartError,
  storeEvents,
  type WorkerContext,
  watchEnd,
} from '@poplar/runtime';
import { openStore, type Store } from '@poplar/store';
import type { FastifyInstance } from 'fastify';
import manifest from '../package.json' with { type: 'json' };
import { rootDigestKey } from './access/tokens.ts';
import { buildApi } from './api.ts';
import { readConsole } from './console/console-files.ts';
import { databaseConnectionsMax } from './limits.ts';
import { type ApiServer, isLocal, makeServer } from './listener.ts';
import { listenLocally } from './local-socket.ts';
import { EventPoster } from './webhooks/post-event.ts';
import { Sender } from './webhooks/sender.ts';
import { urlRules } from './webhooks/webhook-url.ts';

export async function startAdmin(context: WorkerContext): Promise<RoleInstance> {
  const { config, log, metrics, certificates } = context;
  const rootDigest = context.keys[rootDigestKey];
  if (rootDigest === undefined) throw new StartError('the admin role was given no token');
  const address = config.listeners.admin;
  const store = openStore({
    databaseUrl: context.databaseUrl,
    applicationName: `poplar admin ${config.nodeName}`,
    workConnectionsMax: databaseConnectionsMax,
    tellsWebhooks: true,
    meter: storeEvents(context.metrics),
  });
  followStore(context.metrics, () => store.stats());
  let made: ApiServer | null = null;
  const app = await buildApi({
    ...{ store, config, rootDigest, log, version: manifest.version },
    console: await readConsole(),
    throttles: openThrottleView(context.shared, context.keys),
    answered: (status) => {
      metrics.inc('poplar_admin_requests_total', `${Math.floor(status / 100)}xx`);
    },
    serverFactory: (handler) => {
      made = makeServer(handler, { isLocal: address === null || isLocal(address), certificates });
      return made.server;
    },
  });
  const listeners = address === null ? [] : [await listen(app, address)];
  const { dataDir } = config;
  const sender = startSender(context, store);
  const endLocal = await listenLocally({ app, dataDir, certificates, log });
  return {
    listeners,
    drain: async () => {
      await watchEnd(
        log,
        'requests',
        endLocal().then(() => app.close()),
      );
      await watchEnd(log, 'webhooks', sender.stop());
      await watchEnd(log, 'the database', store.end());
    },
    reload: ({ certificates: renewed }) => made?.reload(renewed),
    // This role takes no locks.
    ownerChanged: () => {},
    leaseLapsed: () => {},
    cutOff: () => {},
    admit: async () => {},
  };
}

function startSender({ config, log, metrics }: WorkerContext, store: Store): Sender {
  const { version } = manifest;
  const poster = new EventPoster({ ...urlRules(config), version });
  const sender = new Sender({ webhooks: store.administration.webhooks, poster, log, metrics });
  // What it tells webhooks of, and whether there is one, it hears on a lane that nothing else uses.
  store.ready().catch(() => {});
  sender.start();
  return sender;
}

async function listen(
  app: FastifyInstance,
  address: { readonly host: string; readonly port: number },
): Promise<string> {
  try {
    await app.listen({ host: address.host, port: address.port });
  } catch (error) {
    throw new ListenError(listenProblem('admin', address, error));
  }
  return `admin ${printAddress(address)}`;
}
