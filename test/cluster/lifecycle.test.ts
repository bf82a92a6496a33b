/**
 * The life of a node as its operator sees it: why it does not start, what it says when it has, and
 * that nothing of it is left when it ends.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { owners } from '../support/accidents.ts';
import { eventually } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase } from '../support/test-database.ts';

const main = fileURLToPath(new URL('../../services/node/src/main.ts', import.meta.url));
const endsWithinMs = 15_000;

let database: TestDatabase;
let directory: string;
let occupied: Server;
let occupiedPort: number;
const groups = new Set<number>();

before(async () => {
  database = await openTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'poplar-life-'));
  // The embedded server runs as somebody else, who must get through.
  chmodSync(directory, 0o711);
  occupied = createServer().listen(0, '127.0.0.1');
  await once(occupied, 'listening');
  const address = occupied.address();
  occupiedPort = typeof address === 'object' && address !== null ? address.port : 0;
});
after(async () => {
  for (const pid of groups) if (isGroupAlive(pid)) process.kill(-pid, 'SIGKILL');
  occupied.close();
  rmSync(directory, { recursive: true, force: true });
  await database.drop();
});

interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly said: { out: string; err: string };
  /** Resolves with the exit code, or the signal. */
  readonly ended: Promise<number | string>;
}

let starts = 0;

/** In a process group of its own, as a shell would start it. */
function start(environment: Record<string, string>): Started {
  starts += 1;
  const child = spawn(process.execPath, [main, 'serve'], {
    cwd: directory,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '',
      NODE_COMPILE_CACHE: join(directory, 'cache'),
      POPLAR_DATA_DIR: join(directory, `data${starts}`),
      POPLAR_ROLES: 'pop3,maildrop',
      POPLAR_WORKERS: '1',
      POPLAR_LISTEN_POP3: '127.0.0.1:0',
      POPLAR_LISTEN_POP3S: '127.0.0.1:0',
      POPLAR_LISTEN_LMTP: '127.0.0.1:0',
      POPLAR_LISTEN_OPS: '127.0.0.1:0',
      POPLAR_LISTEN_ADMIN: '',
      ...environment,
    },
  });
  const said = { out: '', err: '' };
  child.stdout?.on('data', (text: Buffer) => {
    said.out += text.toString();
  });
  child.stderr?.on('data', (text: Buffer) => {
    said.err += text.toString();
  });
  const pid = child.pid ?? 0;
  groups.add(pid);
  const { promise, resolve } = Promise.withResolvers<number | string>();
  const timer = setTimeout(() => process.kill(-pid, 'SIGKILL'), 40_000);
  child.once('close', (code, signal) => {
    clearTimeout(timer);
    resolve(code ?? signal ?? 'unknown');
  });
  return { child, pid, said, ended: promise };
}

function isGroupAlive(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function ready({ child }: Started): Promise<string> {
  assert.ok(child.stdout !== null);
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('poplar ready')) return line;
  }
  return assert.fail('it ended before it was ready');
}

function portIn(line: string, name: string): number {
  const [, port = '0'] = new RegExp(`\\b${name} 127\\.0\\.0\\.1:(\\d+)`).exec(line) ?? [];
  return Number(port);
}

describe('a node that cannot start says so in one line and ends with 1', { concurrency: 2 }, () => {
  const failures: readonly (readonly [string, () => Record<string, string>, RegExp])[] = [
    [
      'the POP3 port is in use',
      () => ({ DATABASE_URL: database.url, POPLAR_LISTEN_POP3: `127.0.0.1:${occupiedPort}` }),
      /pop3 .*127\.0\.0\.1:\d+.* in use/,
    ],
    [
      'the LMTP port is in use',
      () => ({ DATABASE_URL: database.url, POPLAR_LISTEN_LMTP: `127.0.0.1:${occupiedPort}` }),
      /lmtp .*127\.0\.0\.1:\d+.* in use/,
    ],
    [
      'the ops port is in use',
      () => ({ DATABASE_URL: database.url, POPLAR_LISTEN_OPS: `127.0.0.1:${occupiedPort}` }),
      /ops .*127\.0\.0\.1:\d+.* in use/,
    ],
    [
      'the address is not of this machine',
      () => ({ DATABASE_URL: database.url, POPLAR_LISTEN_POP3: '192.0.2.1:0' }),
      /192\.0\.2\.1/,
    ],
    [
      'the data directory is somebody else’s',
      () => {
        const stranger = join(directory, 'stranger');
        mkdirSync(stranger);
        writeFileSync(join(stranger, 'thesis.txt'), 'x');
        return { DATABASE_URL: database.url, POPLAR_DATA_DIR: stranger };
      },
      /stranger is not empty and not a data directory/,
    ],
    [
      'the configuration is no TOML',
      () => {
        const file = join(directory, 'broken.toml');
        writeFileSync(file, 'workers = = 2\n');
        return { DATABASE_URL: database.url, POPLAR_CONFIG: file };
      },
      /broken\.toml:1:\d+: /,
    ],
    [
      'the configuration has an unknown key',
      () => {
        const file = join(directory, 'unknown.toml');
        writeFileSync(file, 'wrokers = 2\n');
        return { DATABASE_URL: database.url, POPLAR_CONFIG: file };
      },
      /unknown key wrokers/,
    ],
    [
      'the database cannot be reached',
      () => ({ DATABASE_URL: 'postgresql://me:sesame@127.0.0.1:1/mail' }),
      /me:\*\*\*@127\.0\.0\.1:1\/mail: cannot be reached/,
    ],
    [
      'there is no such database',
      () => {
        const url = new URL(database.url, 'postgresql://');
        url.pathname = '/nowhere';
        return { DATABASE_URL: url.href };
      },
      /nowhere\S*: FATAL 3D000: database "nowhere" does not exist\n$/,
    ],
    [
      'the certificate is missing',
      () => ({
        DATABASE_URL: database.url,
        POPLAR_TLS_CERT: join(directory, 'none.pem'),
        POPLAR_TLS_KEY: join(directory, 'none.key'),
      }),
      /tls\.certFile: .*none\.pem cannot be read \(ENOENT\)/,
    ],
  ];
  for (const [name, environment, said] of failures) {
    test(name, async () => {
      const node = start(environment());
      assert.equal(await node.ended, 1);
      assert.match(node.said.err, /^poplar: [^\n]+\n$/, 'one line, and nothing else');
      assert.match(node.said.err, said);
      assert.doesNotMatch(node.said.err, /sesame/);
      assert.equal(node.said.out, '');
      assert.equal(isGroupAlive(node.pid), false, 'nothing is left of it');
    });
  }
});

describe('a node that runs', () => {
  test('answers on its ops port, and is ready no longer when it drains', async () => {
    const node = await startNode({
      databaseUrl: database.url,
      environment: { POPLAR_DRAIN_TIMEOUT_MS: '3000' },
    });
    const ops = `http://127.0.0.1:${node.ops}`;
    for (const path of ['/livez', '/readyz']) {
      const answer = await fetch(ops + path);
      assert.deepEqual([answer.status, await answer.text()], [200, 'ok\n']);
    }
    const metrics = await (await fetch(`${ops}/metrics`)).text();
    for (const worker of [0, 1]) {
      assert.match(metrics, new RegExp(`poplar_worker_up\\{role="pop3",worker="${worker}"\\} 1`));
    }
    assert.match(metrics, /^poplar_build_info\{.*\} 1$/m);
    assert.equal((await fetch(`${ops}/nothing`)).status, 404);
    assert.equal(await owners(database), 3);
    await node.stop();
    assert.equal(await owners(database), 0, 'no owner outlives its node');
    await assert.rejects(fetch(`${ops}/livez`));
  });

  test('with a notice, still serves whoever comes while /readyz says no', async () => {
    const environment = { POPLAR_DRAIN_NOTICE_MS: '1500' };
    const node = await startNode({ databaseUrl: database.url, environment });
    const sinceMs = performance.now();
    const stopped = node.stop();
    await eventually(async () => {
      const answer = await fetch(`http://127.0.0.1:${node.ops}/readyz`);
      assert.deepEqual([answer.status, await answer.text()], [503, 'draining\n']);
    });
    const client = await Pop3Client.connect({ port: node.pop3 });
    await client.ok('CAPA');
    await client.wire.bodyUntilDot();
    await client.quit();
    await stopped;
    assert.ok(performance.now() - sinceMs >= 1_500);
    assert.equal(await owners(database), 0);
  });

  test('waits for none that only keep their connection, and says what it waits for', async () => {
    const node = await startNode({
      databaseUrl: database.url,
      environment: {
        POPLAR_ROLES: 'pop3,maildrop,admin',
        // Not loopback, so HTTPS: a client may be silent before its handshake, too.
        POPLAR_LISTEN_ADMIN: '0.0.0.0:0',
        POPLAR_DRAIN_TIMEOUT_MS: '10000',
      },
    });
    const heard: string[] = [];
    const clients = [node.pop3, node.lmtp, node.admin, node.ops].map((port) => {
      // Each stays after the node has closed its side.
      const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      client.on('error', () => {});
      client.on('data', (bytes) => heard.push(bytes.toString()));
      return client;
    });
    try {
      const agent = new Agent({ keepAlive: true });
      const asked = get({ agent, port: node.ops, path: '/livez' });
      const [answer] = await once(asked, 'response');
      answer.resume();
      await eventually(() => assert.equal(heard.length, 2, 'greeted by both'));
      await node.stop();
      agent.destroy();
    } finally {
      for (const client of clients) client.destroy();
    }
    assert.match(heard.join(''), /-ERR \[SYS\/TEMP\].*\r\n/);
    assert.match(heard.join(''), /421 4\.3\.2 .*\r\n/);
    assert.doesNotMatch(node.log(), /not ended in time/, 'nothing had to be cut off');
    assert.match(node.log(), /"waitsFor":"connections","connections":1,.*"still ending"/);
    assert.equal(await owners(database), 0);
  });

  for (const [name, signals] of [
    ['SIGTERM', ['SIGTERM']],
    ['a Ctrl-C that arrives twice, as under npm', ['SIGINT', 'SIGINT']],
  ] as const) {
    test(`${name}: ends with 0 and takes its PostgreSQL with it`, async () => {
      const data = join(directory, `embedded-${signals.length}`);
      const node = start({ POPLAR_DATA_DIR: data });
      const line = await ready(node);
      const client = await Pop3Client.connect({ port: portIn(line, 'pop3') });
      const postmaster = postmasterFile(data);
      for (const signal of signals) process.kill(-node.pid, signal);
      const sinceMs = performance.now();
      assert.equal((await client.reply()).code, 'SYS/TEMP');
      client.destroy();
      assert.equal(await node.ended, 0);
      assert.ok(performance.now() - sinceMs < endsWithinMs);
      assert.equal(isGroupAlive(node.pid), false);
      await eventually(() => assert.equal(existsSync(postmaster), false, 'PostgreSQL has ended'));
      const socket = connect(portIn(line, 'pop3'), '127.0.0.1');
      const [error] = await once(socket, 'error');
      assert.ok(error instanceof Error);
    });
  }

  test('SIGTERM while it starts: ends with 0, nothing is left', async () => {
    const node = start({ DATABASE_URL: database.url });
    await eventually(() => assert.ok(existsSync(join(directory, `data${starts}`))), 10_000, 5);
    process.kill(node.pid, 'SIGTERM');
    assert.equal(await node.ended, 0);
    assert.equal(isGroupAlive(node.pid), false);
    assert.equal(await owners(database), 0);
  });
});

function postmasterFile(data: string): string {
  const file = join(data, 'postgres', 'postmaster.pid');
  assert.ok(existsSync(file), 'no running PostgreSQL in the data directory');
  return file;
}
