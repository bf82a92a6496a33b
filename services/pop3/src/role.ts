/**
 * The pop3 role put together: store, verifier, TLS, listeners, the sweep over all connections.
 *
 * Never: a decision of its own. Order matters here and nowhere else: the store is opened first and
 * closed last, and on drain no listener accepts before the first session is told.
 */

import { type Guards, openGuards, Verifier } from '@poplar/identity';
import {
  type Config,
  followStore,
  type Log,
  type RoleInstance,
  storeEvents,
  type WorkerContext,
  watchEnd,
} from '@poplar/runtime';
import { openStore, type Store } from '@poplar/store';
import { ProxyArrivals } from './connection/proxy-start.ts';
import { Counters } from './counters.ts';
import { Doors } from './doors.ts';
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
  const store = openStoreFor(context, () => frontEnd);
  const tls = new SecureEndpoint({
    certificates: context.certificates,
    ticketKeys: context.ticketKeys,
    handshakeTimeoutMs: limits.tlsHandshakeTimeoutMs,
  });
  const guards = guardsOf(context);
  const logins = await loginSettings(config, guards.decoyKey);
  const verifier = new Verifier({ argon2: config.auth.argon2 });
  const counters = new Counters(metrics);
  const frontEnd = new FrontEnd({
    ...{ settings: settingsOf(config), store, tls, shares: guards.addressCounts },
    ...{ counters, tracer: context.tracer, log },
    desk: (report) =>
      new LoginDesk({
        ...{ store, verifier, guards, settings: logins, report },
        ownerId: () => ownerId,
        hashed: (ms) => counters.hashed(ms / 1_000),
      }),
  });
  const { desk } = frontEnd;
  metrics.refreshedBy(() => counters.loginsStand(desk));
  followStore(metrics, () => store.stats());
  await desk.followDelays(() => store.directory.loginDelays());
  const arrivals = new ProxyArrivals(frontEnd, config.proxy.trusted);
  const listeners = listenersOf(config, frontEnd, arrivals);
  const doors = new Doors({ listeners, isAdmitting: context.isAdmitting, log });
  await doors.start();
  const sweep = startSweep(frontEnd, arrivals);
  return {
    listeners: context.isAdmitting ? listeners.map(({ printable }) => printable) : [],
    drain: async (deadlineMs) => {
      await doors.close();
      arrivals.end();
      await endConnections(frontEnd, deadlineMs, log);
      clearInterval(sweep);
      await watchEnd(log, 'what follows logins', desk.end());
      await watchEnd(log, 'the database', store.end());
    },
    reload: ({ certificates, config: reloaded }) => {
      tls.replaceCertificates(certificates);
      frontEnd.reconfigure(settingsOf(reloaded));
      guards.addressCounts.connectionsMax = reloaded.limits.connectionsPerAddressMax;
    },
    ownerChanged: (newOwnerId) => {
      ownerId = newOwnerId;
      frontEnd.dropSessions();
    },
    leaseLapsed: () => {
      // A connection that fails here begins a new epoch when it is made again, which looks, too.
      store.checkLocks().catch(() => {});
    },
    admit: async (isAdmitting, deadlineMs) => {
      const settled = doors.admit(isAdmitting);
      if (!isAdmitting) arrivals.end();
      frontEnd.admit(isAdmitting, deadlineMs);
      await settled;
    },
    cutOff: () => frontEnd.endSessions('cut-off'),
  };
}

async function endConnections(frontEnd: FrontEnd, deadlineMs: number, log: Log): Promise<void> {
  const { all } = frontEnd.admission;
  const left = () => ({ waitsFor: 'connections', connections: all.size });
  await watchEnd(log, left, frontEnd.drain(deadlineMs));
}

function guardsOf({ config, shared, keys, worker }: WorkerContext): Guards {
  const { connectionsPerAddressMax } = config.limits;
  const settings = { ...config.auth, connectionsPerAddressMax };
  return openGuards({ shared, keys, worker, settings });
}

/** @param frontEnd is there by the time that the store has something to tell */
function openStoreFor(context: WorkerContext, frontEnd: () => FrontEnd): Store {
  const { limits, locks, nodeName } = context.config;
  return openStore({
    databaseUrl: context.databaseUrl,
    meter: storeEvents(context.metrics),
    applicationName: `poplar pop3 ${nodeName}/${context.worker}`,
    workConnectionsMax: Math.max(1, limits.databaseConnectionsMax - streamConnectionsMax - 2),
    streamConnectionsMax,
    snapshotCacheOctets: limits.snapshotCacheOctets,
    lockWaitMs: limits.lockWaitMs,
    locksLost: (tokens) => frontEnd().dropSessions((token) => tokens.includes(token)),
    tellsWebhooks: true,
    asksOwners: locks.takeover !== 'never',
    lockAsked: ({ kind, token }) => frontEnd().lockAsked(kind, token),
  });
}

function startSweep(frontEnd: FrontEnd, arrivals: ProxyArrivals): NodeJS.Timeout {
  return setInterval(() => {
    arrivals.sweep();
    frontEnd.sweep();
  }, sweepIntervalMs);
}

function listenersOf(config: Config, frontEnd: FrontEnd, proxied: ProxyArrivals): Listener[] {
  const { pop3, pop3s, pop3Proxy, pop3sProxy } = config.listeners;
  // Not every system has SO_REUSEPORT; one worker needs none.
  const shared = config.workers > 1;
  const listeners: Listener[] = [];
  const wanted = [
    { kind: 'pop3', address: pop3, arrivals: null },
    { kind: 'pop3s', address: pop3s, arrivals: null },
    { kind: 'pop3-proxy', address: pop3Proxy, arrivals: proxied },
    { kind: 'pop3s-proxy', address: pop3sProxy, arrivals: proxied },
  ] as const;
  for (const { kind, address, arrivals } of wanted) {
    if (address === null) continue;
    listeners.push(new Listener(frontEnd, kind, { address, shared, arrivals }));
  }
  return listeners;
}

/** This worker's part of what is set for the node. */
function settingsOf(config: Config): Settings {
  const { limits, listeners } = config;
  const pop3 = nameRule(config, listeners.pop3DefaultDomain);
  const pop3s = nameRule(config, listeners.pop3sDefaultDomain);
  return {
    hostname: config.hostname,
    cleartext: config.cleartext,
    connectionsMax: Math.max(1, Math.floor(limits.connectionsMax / config.workers)),
    loginTimeoutMs: limits.loginTimeoutMs,
    idleTimeoutMs: limits.idleTimeoutMs,
    writeStallMs: limits.writeStallMs,
    takeover: config.locks.takeover,
    idleTakeoverMs: limits.idleTakeoverMs,
    nameRules: { pop3, pop3s, 'pop3-proxy': pop3, 'pop3s-proxy': pop3s },
  };
}

function nameRule({ auth }: Config, own: string | null): Settings['nameRules']['pop3'] {
  return { defaultDomain: own ?? auth.defaultDomain, masterSeparator: auth.masterSeparator };
}
