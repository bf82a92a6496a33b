/**
 * The documented configuration of HAProxy in front of two nodes: what the nodes learn of their
 * clients, and that clients notice neither a rolling restart nor a node that is killed.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadCertificates, loadConfig } from '@poplar/runtime';
import { type Haproxy, startHaproxy } from '../support/haproxy.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { eventually } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

const names = ['pop1', 'pop2'] as const;
type Name = (typeof names)[number];
const clients = 6;
const pauseMs = 20;

/** Addresses of this run alone, so that the ports can be those of the documented file. */
const network = `127.${64 + (process.pid % 128)}.${(process.pid >> 7) % 256}`;
const hosts: Readonly<Record<Name, string>> = { pop1: `${network}.11`, pop2: `${network}.12` };

let database: TestDatabase;
let directory: string;
let ca: string;
let haproxy: Haproxy;
const nodes = new Map<Name, RunningNode>();
/** Stopped in the opposite order, however far it came. */
const toStop = new AsyncDisposableStack();

before(async () => {
  database = await openTestDatabase();
  toStop.defer(() => database.drop());
  directory = mkdtempSync(join(tmpdir(), 'poplar-balanced-'));
  toStop.defer(() => rmSync(directory, { recursive: true }));
  const config = loadConfig({ POPLAR_DATA_DIR: directory }, { file: null });
  const { cert, key } = (await loadCertificates(config)).default;
  ca = cert;
  toStop.defer(async () => {
    await Promise.all([...nodes.values()].map((node) => node.stop()));
  });
  for (const name of names) nodes.set(name, await started(name));
  haproxy = await startHaproxy({ hosts: [hosts.pop1, hosts.pop2], pem: `${cert}\n${key}` });
  toStop.defer(() => haproxy.stop());
  for (const name of names) await isUp(haproxy, name);
});
after(() => toStop.disposeAsync());

function started(name: Name): Promise<RunningNode> {
  return startNode({
    databaseUrl: database.url,
    workers: 1,
    environment: {
      POPLAR_NODE_NAME: name,
      POPLAR_ROLES: 'pop3',
      POPLAR_LISTEN_POP3: '',
      POPLAR_LISTEN_POP3S: '',
      POPLAR_LISTEN_LMTP: '',
      POPLAR_LISTEN_POP3_PROXY: `${hosts[name]}:1111`,
      POPLAR_LISTEN_POP3S_PROXY: `${hosts[name]}:1996`,
      POPLAR_LISTEN_OPS: `${hosts[name]}:9110`,
      POPLAR_TLS_CERT: join(directory, 'tls', 'cert.pem'),
      POPLAR_TLS_KEY: join(directory, 'tls', 'key.pem'),
      POPLAR_DRAIN_NOTICE_MS: '5000',
    },
  });
}

function nodeNamed(name: Name): RunningNode {
  const node = nodes.get(name);
  assert.ok(node !== undefined, `${name} runs`);
  return node;
}

async function isUp(balancer: Haproxy, name: Name): Promise<void> {
  await eventually(async () => assert.equal((await balancer.server(name)).status, 'UP'), 10_000);
}

/** A whole session; TLS ends at HAProxy, or in the node by STLS. */
async function session(
  { address }: TestMailbox,
  transport: 'implicit' | 'stls',
  balancer: Haproxy = haproxy,
): Promise<void> {
  const client =
    transport === 'implicit'
      ? await Pop3Client.connect({ port: balancer.pop3s, ca })
      : await Pop3Client.connect({ port: balancer.pop3 });
  try {
    if (transport === 'stls') await client.stls(ca);
    await client.login(address, testSecret);
    assert.match((await client.ok('STAT')).text, /^2 320\b/);
    await client.content('RETR 1');
    await client.quit();
  } finally {
    client.destroy();
  }
}

interface Balanced {
  readonly done: number[];
  readonly failures: string[];
  stop(): Promise<void>;
}

/** One session after the other for each client, until it is stopped. */
async function load(): Promise<Balanced> {
  const boxes: TestMailbox[] = [];
  for (let i = 0; i < clients; i += 1) boxes.push(await mailbox());
  const state = { stopping: false, done: boxes.map(() => 0), failures: [] as string[] };
  const loops = boxes.map(async (box, index) => {
    while (!state.stopping) {
      try {
        await session(box, index % 2 === 0 ? 'implicit' : 'stls');
        state.done[index] = (state.done[index] ?? 0) + 1;
      } catch (error) {
        state.failures.push(`${box.address} at ${new Date().toISOString()}: ${error}`);
      }
      await sleep(pauseMs);
    }
  });
  return {
    done: state.done,
    failures: state.failures,
    stop: async () => {
      state.stopping = true;
      await Promise.all(loops);
    },
  };
}

let mailboxes = 0;
function mailbox(): Promise<TestMailbox> {
  mailboxes += 1;
  return database.addMailbox(`box${mailboxes}@example.org`, maildropNamed('two-messages'));
}

interface Line {
  readonly [field: string]: unknown;
}

/** The log of both nodes about the sessions of a mailbox. */
function sessionsOf({ address }: TestMailbox): Promise<Line[]> {
  return eventually(() => {
    const lines: Line[] = [...nodes.values()]
      .flatMap((node) => node.log().split('\n'))
      .filter((text) => text.includes(`"${address}"`) && text.includes('"event":"session"'))
      .map((text) => JSON.parse(text));
    assert.ok(lines.length > 0, 'it is in the log');
    return lines;
  });
}

describe('what a node learns of its client', () => {
  test('TLS that ended at HAProxy: version, host name, and an id that is in both logs', async () => {
    const box = await mailbox();
    await session(box, 'implicit');
    const [line = {}] = await sessionsOf(box);
    assert.deepEqual(
      [line.remote, line.proxy, line.tls, line.authority],
      ['127.0.0.1', '127.0.0.1', 'TLSv1.3', 'localhost'],
    );
    await eventually(() => assert.ok(haproxy.log().includes(` ${line.uniqueId}\n`)));
  });

  test('cleartext through HAProxy is no loopback: a password needs STLS', async () => {
    const client = await Pop3Client.connect({ port: haproxy.pop3 });
    const capabilities = await client.listing('CAPA');
    assert.ok(capabilities.includes('STLS'));
    assert.ok(!capabilities.includes('USER'));
    client.destroy();
    const box = await mailbox();
    await session(box, 'stls');
    const [line = {}] = await sessionsOf(box);
    assert.equal(line.authority, null);
    assert.match(String(line.uniqueId), /^[0-9a-f-]{36}$/);
  });

  test('TLS that ends in the node, as the file says how', async () => {
    const pem = readFileSync(join(directory, 'tls', 'cert.pem'), 'utf8');
    const through = await startHaproxy({
      hosts: [hosts.pop1, hosts.pop2],
      pem,
      passThrough: true,
    });
    try {
      for (const name of names) await isUp(through, name);
      const box = await mailbox();
      await session(box, 'implicit', through);
      const [line = {}] = await sessionsOf(box);
      assert.deepEqual([line.proxy, line.tls], ['127.0.0.1', 'TLSv1.3']);
      await eventually(() => assert.ok(through.log().includes(` ${line.uniqueId}\n`)));
    } finally {
      await through.stop();
    }
  });
});

describe('under load', () => {
  test('a rolling restart of both nodes costs no session', async () => {
    const balanced = await load();
    for (const name of names) {
      await sleep(500);
      const before = [...balanced.done];
      await nodeNamed(name).stop();
      nodes.set(name, await started(name));
      await isUp(haproxy, name);
      for (const [index, done] of balanced.done.entries()) {
        assert.ok(done > (before[index] ?? 0), `client ${index} went on while ${name} was away`);
      }
    }
    await sleep(500);
    await balanced.stop();
    assert.deepEqual(balanced.failures, [], haproxy.log().slice(-4_000));
    for (const name of names) {
      const { stot, eresp } = await haproxy.server(name);
      assert.ok(Number(stot) > 20, `${name} had ${stot} sessions`);
      assert.equal(eresp, '0');
    }
  });

  test('a node that is killed: who comes next is sent to the other one at once', async () => {
    const { pid } = nodeNamed('pop2');
    assert.ok(pid > 0);
    await nodeNamed('pop2').kill();
    nodes.delete('pop2');
    for (let i = 0; i < 10; i += 1) {
      await session(await mailbox(), i % 2 === 0 ? 'implicit' : 'stls');
    }
    const { wredis } = await haproxy.server('pop2');
    assert.ok(Number(wredis) > 0, 'HAProxy had to try again');
    await eventually(async () => assert.equal((await haproxy.server('pop2')).status, 'DOWN'));
    nodes.set('pop2', await started('pop2'));
    await isUp(haproxy, 'pop2');
  });
});
