/**
 * The pop3 role put together: store, verifier, TLS, listeners, the sweep over all connections.
 *
 * Never: a decision of its own. Order matters here and nowhere else: the store is opened first and
 * closed last, and on drain no listener accepts before the first session is told.
 */

import { openGuards, Verifier } from '@poplar/identity';
import type { Config, RoleInstance, WorkerContext } from '@poplar/runtime';
import { openStore } from '@poplar/store';
import { Counters } from './counters.ts';
import { FrontEnd, type Settings } from './front-end.ts';
import { streamConnectionsMax, sweepIntervalMs } from './limits.ts';
import { Listener } from './listener.ts';
import { LoginDesk } from './login/desk.ts';
import { loginSettings } from './login/settings.ts';
import { SecureEndpoint } from './tls/secure-endpoint.ts';

export async function startPop3(context: WorkerContext): Promise<RoleInstance> {
  const { config, log, metrics } = context;
  const { limits } = config;
  let ownerId = context.ownerId;
  const store = openStore({
    databaseUrl: context.databaseUrl,
    applicationName: `poplar pop3 ${config.nodeName}/${context.worker}`,
    workConnectionsMax: Math.max(1, limits.databaseConnectionsMax - streamConnectionsMax - 2),
    streamConnectionsMax,
    snapshotCacheOctets: limits.snapshotCacheOctets,
    lockWaitMs: limits.lockWaitMs,
    locksLost: (tokens) => frontEnd.dropSessions((token) => tokens.includes(token)),
  });
  const tls = new SecureEndpoint({
    certificates: context.certificates,
    ticketKeys: context.ticketKeys,
    handshakeTimeoutMs: limits.tlsHandshakeTimeoutMs,
  });
  const guards = openGuards({
    shared: context.shared,
    keys: context.keys,
    worker: context.worker,
    settings: { ...config.auth, connectionsPerAddressMax: limits.connectionsPerAddressMax },
  });
  const logins = await loginSettings(config, guards.decoyKey);
  const verifier = new Verifier({ argon2: config.auth.argon2 });
  const counters = new Counters(metrics);
  const frontEnd = new FrontEnd({
    settings: settingsOf(config),
    store,
    desk: (report) =>
      new LoginDesk({ store, verifier, guards, ownerId: () => ownerId, settings: logins, report }),
    tls,
    shares: guards.addressCounts,
    counters,
    log,
  });
  const { desk } = frontEnd;
  metrics.refreshedBy(() => {
    const { cacheHits, cacheMisses } = desk.passwords;
    counters.loginsStand({ hashesWaiting: desk.hashesWaiting, cacheHits, cacheMisses });
  });
  await desk.followDelays(() => store.directory.loginDelays());
  const listeners = await listen(config, frontEnd);
  const sweep = setInterval(() => frontEnd.sweep(), sweepIntervalMs);
  return {
    listeners: listeners.map((listener) => listener.printable),
    drain: async (deadlineMs) => {
      await Promise.all(listeners.map((listener) => listener.stop()));
      await frontEnd.drain(deadlineMs);
      clearInterval(sweep);
      await desk.end();
      await store.end();
    },
    reload: (certificates) => tls.replaceCertificates(certificates),
    ownerChanged: (newOwnerId) => {
      ownerId = newOwnerId;
      frontEnd.dropSessions();
    },
    leaseLapsed: () => {
      // A connection that fails here begins a new epoch when it is made again, which looks, too.
      store.checkLocks().catch(() => {});
    },
  };
}

async function listen(config: Config, frontEnd: FrontEnd): Promise<Listener[]> {
  const { pop3, pop3s } = config.listeners;
  // Not every system has SO_REUSEPORT; one worker needs none.
  const shared = config.workers > 1;
  const listeners: Listener[] = [];
  if (pop3 !== null) listeners.push(new Listener(frontEnd, 'pop3', { address: pop3, shared }));
  if (pop3s !== null) listeners.push(new Listener(frontEnd, 'pop3s', { address: pop3s, shared }));
  for (const listener of listeners) await listener.start();
  return listeners;
}

/** This worker's part of what is set for the node. */
function settingsOf(config: Config): Settings {
  const { limits } = config;
  return {
    hostname: config.hostname,
    cleartext: config.cleartext,
    connectionsMax: Math.max(1, Math.floor(limits.connectionsMax / config.workers)),
    loginTimeoutMs: limits.loginTimeoutMs,
    idleTimeoutMs: limits.idleTimeoutMs,
    writeStallMs: limits.writeStallMs,
    nameRules: {
      pop3: nameRule(config, config.listeners.pop3DefaultDomain),
      pop3s: nameRule(config, config.listeners.pop3sDefaultDomain),
    },
  };
}

function nameRule({ auth }: Config, own: string | null): Settings['nameRules']['pop3'] {
  return { defaultDomain: own ?? auth.defaultDomain, masterSeparator: auth.masterSeparator };
}
