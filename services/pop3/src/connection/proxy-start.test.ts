/** Whom we trust, how many may wait, and what becomes of those who wait when the worker ends. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { allocateGuards, openGuards, Verifier } from '@poplar/identity';
import {
  loadCertificates,
  loadConfig,
  MetricSet,
  makeTicketKeys,
  noTracer,
  silentLog,
} from '@poplar/runtime';
import { openStore } from '@poplar/store';
import { Counters } from '../counters.ts';
import { FrontEnd } from '../front-end.ts';
import { proxyWaitingMax } from '../limits.ts';
import { LoginDesk } from '../login/desk.ts';
import { loginSettings } from '../login/settings.ts';
import { SecureEndpoint } from '../tls/secure-endpoint.ts';
import type { StartReason } from './end-reason.ts';
import { ProxyArrivals } from './proxy-start.ts';

const directory = mkdtempSync(join(os.tmpdir(), 'poplar-proxy-'));
const config = loadConfig({ POPLAR_DATA_DIR: directory }, { file: null });
const certificates = await loadCertificates(config);
const guards = openGuards({
  ...allocateGuards({ cacheOctets: 1 << 16, workers: 1, clusterKey: new Uint8Array(32) }),
  worker: 0,
  settings: { ...config.auth, connectionsPerAddressMax: 100 },
});
const logins = await loginSettings(config, guards.decoyKey);
const rule = { defaultDomain: null, masterSeparator: null };
const store = openStore({ databaseUrl: 'postgresql://poplar@127.0.0.1:1/poplar' });
const tls = new SecureEndpoint({
  certificates,
  ticketKeys: makeTicketKeys(),
  handshakeTimeoutMs: 10_000,
});

let server: Server;
before(async () => {
  server = createServer({ allowHalfOpen: true });
  server.listen(0, '::');
  await once(server, 'listening');
});
after(async () => {
  server.close();
  await store.end();
  rmSync(directory, { recursive: true });
});

function arrivalsFor(trusted: readonly string[]) {
  const metrics = new MetricSet();
  const counters = new Counters(metrics);
  const frontEnd = new FrontEnd({
    settings: {
      hostname: 'pop.example.org',
      cleartext: 'always',
      connectionsMax: 10,
      loginTimeoutMs: 60_000,
      idleTimeoutMs: 600_000,
      writeStallMs: 60_000,
      takeover: 'dead',
      idleTakeoverMs: 60_000,
      nameRules: { pop3: rule, pop3s: rule, 'pop3-proxy': rule, 'pop3s-proxy': rule },
    },
    store,
    desk: (report) =>
      new LoginDesk({
        store,
        verifier: new Verifier(),
        guards,
        ownerId: () => '',
        settings: logins,
        report,
        hashed: (ms) => counters.hashed(ms / 1_000),
      }),
    shares: guards.addressCounts,
    tls,
    counters,
    tracer: noTracer,
    log: silentLog,
  });
  return { arrivals: new ProxyArrivals(frontEnd, trusted), metrics };
}

async function arrive(arrivals: ProxyArrivals, host: string): Promise<Socket> {
  const accepted = once(server, 'connection');
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host });
  client.on('error', () => {});
  const [socket] = (await accepted) as [Socket];
  arrivals.accept({ socket, listener: 'pop3-proxy', tlsMode: 'none' });
  return client;
}

function assertRefused(metrics: MetricSet, reason: StartReason, count: number): void {
  const expected = new MetricSet();
  for (let i = 0; i < count; i += 1) {
    expected.inc('poplar_connections_opened_total', 'pop3-proxy');
    expected.inc('poplar_connections_closed_total', 'pop3-proxy', reason);
  }
  assert.deepEqual(metrics.snapshot(), expected.snapshot());
}

const peers: [host: string, trusted: readonly string[], isTrusted: boolean][] = [
  // On a socket of both families this peer is ::ffff:127.0.0.1.
  ['127.0.0.1', ['127.0.0.0/8'], true],
  ['127.0.0.1', ['10.0.0.0/8', '127.0.0.1/32'], true],
  ['127.0.0.1', ['127.0.0.2/32', '128.0.0.0/1', '::1/128'], false],
  ['127.0.0.1', ['0.0.0.0/0'], true],
  ['::1', ['::1/128'], true],
  ['::1', ['::/0'], true],
  ['::1', ['0.0.0.0/0', '::2/127', '127.0.0.0/8'], false],
  ['::1', [], false],
];
for (const [host, trusted, isTrusted] of peers) {
  test(`${host} is ${isTrusted ? '' : 'not '}trusted by ${trusted.join(', ') || 'none'}`, async () => {
    const { arrivals, metrics } = arrivalsFor(trusted);
    const client = await arrive(arrivals, host);
    if (isTrusted) assertRefused(metrics, 'proxy-untrusted', 0);
    else assertRefused(metrics, 'proxy-untrusted', 1);
    arrivals.end();
    await once(client.resume(), 'close');
  });
}

test('so many wait and no more; when the worker ends, nobody does', async () => {
  const { arrivals, metrics } = arrivalsFor(['127.0.0.1/32']);
  const waiting: Socket[] = [];
  while (waiting.length < proxyWaitingMax) waiting.push(await arrive(arrivals, '127.0.0.1'));
  assertRefused(metrics, 'full', 0);
  const client = await arrive(arrivals, '127.0.0.1');
  assertRefused(metrics, 'full', 1);
  await once(client.resume(), 'close');
  const closed = waiting.map((socket) => once(socket.resume(), 'close'));
  arrivals.end();
  await Promise.all(closed);
});
