/** The pump over real sockets: one at a time, and a defect that ends one connection alone. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { allocateGuards, openGuards, Verifier } from '@poplar/identity';
import type { Session } from '@poplar/protocol';
import {
  type LogFields,
  loadCertificates,
  loadConfig,
  MetricSet,
  makeTicketKeys,
  noTracer,
  type Pop3TlsMode,
  silentLog,
} from '@poplar/runtime';
import { openStore } from '@poplar/store';
import { Counters } from '../counters.ts';
import { FrontEnd } from '../front-end.ts';
import { drainLingerMs, drainPollMs } from '../limits.ts';
import { LoginDesk } from '../login/desk.ts';
import { loginSettings } from '../login/settings.ts';
import { SecureEndpoint } from '../tls/secure-endpoint.ts';
import { Connection } from './connection.ts';

const directory = mkdtempSync(join(os.tmpdir(), 'poplar-pop3-'));
const config = loadConfig({ POPLAR_DATA_DIR: directory }, { file: null });
const certificates = await loadCertificates(config);
const guards = openGuards({
  ...allocateGuards({ cacheOctets: 1 << 16, workers: 1, clusterKey: new Uint8Array(32) }),
  worker: 0,
  settings: { ...config.auth, connectionsPerAddressMax: 100 },
});
const logins = await loginSettings(config, guards.decoyKey);
const rule = { defaultDomain: null, masterSeparator: null };
// Nobody is there: a login is answered, as every outage is.
const store = openStore({ databaseUrl: 'postgresql://poplar@127.0.0.1:1/poplar' });

let server: Server;
before(async () => {
  server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(async () => {
  server.close();
  await store.end();
  rmSync(directory, { recursive: true });
});

function frontEndFor(hostname = 'pop.example.org') {
  const errors: LogFields[] = [];
  const metrics = new MetricSet();
  const counters = new Counters(metrics);
  const frontEnd = new FrontEnd({
    settings: {
      hostname,
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
    tls: new SecureEndpoint({
      certificates,
      ticketKeys: makeTicketKeys(),
      handshakeTimeoutMs: 10_000,
    }),
    counters,
    tracer: noTracer,
    log: { ...silentLog, error: (fields) => errors.push(fields) },
  });
  return { frontEnd, errors };
}

async function open(frontEnd: FrontEnd, tlsMode: Pop3TlsMode = 'stls') {
  const accepted = once(server, 'connection');
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  client.on('error', () => {});
  const [socket] = (await accepted) as [Socket];
  const listener = tlsMode === 'implicit' ? 'pop3s' : 'pop3';
  const connection = new Connection({ frontEnd, socket, listener, tlsMode });
  assert.ok(frontEnd.began(connection));
  connection.start();
  return { client, socket, connection };
}

/** Reads until the text was seen or nothing more can come. */
async function heard(client: Socket, text: string): Promise<string> {
  let said = '';
  while (!said.includes(text) && !client.readableEnded && !client.destroyed) {
    const chunk: Buffer | null = client.read();
    if (chunk === null) await Promise.race([once(client, 'readable'), once(client, 'close')]);
    else said += chunk.toString('latin1');
  }
  return said;
}

type Verb = 'receive' | 'next' | 'resume' | 'upgraded' | 'shutdown';

function breakSession(session: Session | null, verb: Verb): void {
  assert.ok(session);
  Object.assign(session, {
    [verb]: () => {
      throw new RangeError('a defect');
    },
  });
}

interface Meeting {
  readonly client: Socket;
  readonly connection: Connection;
  readonly frontEnd: FrontEnd;
}

/** For each way into a connection, what makes it throw there. */
const defects: Record<string, (meeting: Meeting) => void | Promise<void>> = {
  'bytes that arrive': ({ client, connection }) => {
    breakSession(connection.session, 'receive');
    client.write('NOOP\r\n');
  },
  'the end of input': ({ client, connection }) => {
    breakSession(connection.session, 'next');
    client.end();
  },
  'the outcome of an effect': ({ client, connection }) => {
    breakSession(connection.session, 'resume');
    client.write('USER a@example.org\r\nPASS secret\r\n');
  },
  'its next turn': ({ client, connection }) => {
    // More than goes out in one turn, and nothing waits for a turn that is over.
    connection.received(Buffer.from('CAPA\r\n'.repeat(8_000)));
    breakSession(connection.session, 'next');
    client.resume();
  },
  'the end of a handshake': async ({ client, connection }) => {
    client.write('STLS\r\n');
    await heard(client, '+OK');
    breakSession(connection.session, 'upgraded');
    connectTls({ socket: client, rejectUnauthorized: false }).on('error', () => {});
  },
  'a deadline': ({ connection, frontEnd }) => {
    Object.defineProperty(connection.session, 'phase', {
      get: () => {
        throw new RangeError('a defect');
      },
    });
    frontEnd.sweep();
  },
  'a drain': ({ connection, frontEnd }) => {
    breakSession(connection.session, 'shutdown');
    void frontEnd.drain(10_000);
  },
};

for (const [name, defect] of Object.entries(defects)) {
  test(`what is thrown at ${name} ends that connection and no other`, async () => {
    const { frontEnd, errors } = frontEndFor();
    const broken = await open(frontEnd);
    assert.match(await heard(broken.client, '\r\n'), /^\+OK pop\.example\.org /);
    const other = name === 'a drain' ? null : await open(frontEnd);
    await defect({ ...broken, frontEnd });
    while (broken.connection.place >= 0) await delay(5);
    assert.equal(broken.connection.endReason, 'error');
    const told = errors.filter(({ during }) => during === 'connection');
    assert.deepEqual(
      told.map(({ event, code, remote }) => [event, code, remote]),
      [['failure', 'INTERNAL', '127.0.0.1']],
    );
    if (other === null) return;
    other.client.write('QUIT\r\n');
    assert.match(await heard(other.client, 'bye'), /^\+OK pop\.example\.org .*\r\n\+OK /);
    other.client.end();
  });
}

test('a drain waits a second for clients that do not close their side, not five', async () => {
  const { frontEnd } = frontEndFor();
  const clock = { nowMs: Math.ceil(frontEnd.nowMs()) };
  Object.assign(frontEnd, { nowMs: () => clock.nowMs });
  const { client, connection } = await open(frontEnd);
  await heard(client, '\r\n');
  const drained = frontEnd.drain(60_000);
  assert.match(await heard(client, 'SYS/TEMP'), /^-ERR \[SYS\/TEMP\]/m);
  clock.nowMs += drainLingerMs;
  await delay(3 * drainPollMs);
  assert.ok(connection.place >= 0, 'not before its time');
  clock.nowMs += 1;
  await drained;
  assert.deepEqual([frontEnd.admission.all.size, connection.endReason], [0, 'shutdown']);
  client.destroy();
});

test('a greeting that cannot be said ends each connection, in the clear and under TLS', async () => {
  const { frontEnd, errors } = frontEndFor('not a host name');
  for (const mode of ['stls', 'implicit'] as const) {
    const { client, connection } = await open(frontEnd, mode);
    if (mode === 'implicit') {
      connectTls({ socket: client, rejectUnauthorized: false }).on('error', () => {});
    }
    while (frontEnd.admission.all.size > 0) await delay(5);
    assert.equal(connection.endReason, 'error');
  }
  assert.equal(errors.length, 2);
});

test('input that arrives between two turns waits: there is one pump', async () => {
  const { frontEnd } = frontEndFor();
  const { client, socket, connection } = await open(frontEnd);
  await heard(client, '\r\n');
  const { session } = connection;
  assert.ok(session);
  let steps = 0;
  const next = session.next.bind(session);
  Object.assign(session, {
    next: () => {
      steps += 1;
      return next();
    },
  });
  connection.received(Buffer.from('CAPA\r\n'.repeat(8_000)));
  const [had, sent] = [steps, connection.octetsOut];
  assert.ok(sent >= 64 * 1024, 'there was nothing to wait for');
  // This is before the setImmediate of the turn.
  connection.received(Buffer.from('NOOP\r\n'));
  connection.inputEnded();
  connection.shutDown('shutdown');
  assert.deepEqual([steps, connection.octetsOut], [had, sent], 'a second pump ran');
  assert.ok(socket.isPaused());
  client.resume();
  while (frontEnd.admission.all.size > 0) {
    client.end();
    await delay(5);
  }
  assert.equal(connection.endReason, 'shutdown');
});
