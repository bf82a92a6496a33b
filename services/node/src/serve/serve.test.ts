import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

let directory: string;
before(() => {
  directory = mkdtempSync(join(os.tmpdir(), 'poplar-serve-'));
  chmodSync(directory, 0o755);
});
after(() => rmSync(directory, { recursive: true }));

/** A node with an embedded database and free ports. */
function start(
  environment: Record<string, string | undefined> = {},
  argv: readonly string[] = [],
): ChildProcess {
  return spawn(process.execPath, [main, 'serve', ...argv], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      POPLAR_ROLES: 'maildrop',
      POPLAR_LISTEN_LMTP: '127.0.0.1:0',
      POPLAR_LISTEN_OPS: '127.0.0.1:0',
      ...environment,
    },
  });
}

async function readyLine(node: ChildProcess): Promise<string> {
  assert.ok(node.stdout !== null);
  for await (const line of createInterface(node.stdout)) {
    if (line.startsWith('poplar ready')) return line;
  }
  return assert.fail('ended before it was ready');
}

async function failure(environment: Record<string, string | undefined>): Promise<string> {
  return failed(start(environment));
}

/** What it says before it ends with 1. */
async function failed(node: ChildProcess): Promise<string> {
  let said = '';
  node.stderr?.on('data', (text: Buffer) => {
    said += text.toString();
  });
  const [code] = await once(node, 'close');
  assert.equal(code, 1);
  assert.match(said, /^poplar: [^\n]+\n$/);
  return said;
}

function portIn(line: string, name: string): number {
  const [, port = ''] = new RegExp(`${name} 127\\.0\\.0\\.1:(\\d+)`).exec(line) ?? [];
  assert.notEqual(port, '', `${name} is not in: ${line}`);
  return Number(port);
}

async function greeting(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const [text] = await once(socket, 'data');
  socket.destroy();
  return String(text);
}

describe('a node', () => {
  test('is ready when all answers, tells its state, reloads, and ends with 0', async () => {
    const node = start();
    const line = await readyLine(node);
    assert.match(await greeting(portIn(line, 'lmtp')), /^220 /);
    const ops = `http://127.0.0.1:${portIn(line, 'ops')}`;
    for (const path of ['/livez', '/readyz']) assert.equal((await fetch(ops + path)).status, 200);
    const metrics = await (await fetch(`${ops}/metrics`)).text();
    assert.match(metrics, /^poplar_worker_up\{role="maildrop",worker="0"\} 1$/m);

    assert.ok(node.stderr !== null);
    const log = createInterface(node.stderr)[Symbol.asyncIterator]();
    const logged = async (message: string): Promise<void> => {
      for (;;) {
        const { value, done } = await log.next();
        assert.ok(done !== true, `never logged: ${message}`);
        if (String(value).includes(message)) return;
      }
    };
    node.kill('SIGHUP');
    await logged('certificates reloaded');
    writeFileSync(join(directory, 'data', 'tls', 'key.pem'), 'broken');
    node.kill('SIGHUP');
    await logged('certificates not reloaded, the old ones stay');

    node.kill('SIGTERM');
    const [code] = await once(node, 'exit');
    assert.equal(code, 0);
    assert.equal(readFileSync(join(directory, 'data', 'poplar-data'), 'utf8'), 'format 1\n');
  });

  test('says in one line why it cannot start', async () => {
    const stranger = join(directory, 'stranger');
    writeFileSync(stranger, 'x');
    const url = 'postgresql://me:sesame@127.0.0.1:1/mail';
    const environments = [
      { DATABASE_URL: url, POPLAR_DATA_DIR: join(directory, 'other') },
      { POPLAR_DATA_DIR: directory },
      { POPLAR_DATA_DIR: stranger },
      { POPLAR_DATA_DIR: join(stranger, 'data') },
      { POPLAR_WORKERS: '-1' },
    ];
    const said: string[] = [];
    // One after the other: each is a process that needs a core to start.
    for (const environment of environments) said.push(await failure(environment));
    const [unreachable = '', notOurs = '', file = '', belowFile = '', badValue = ''] = said;
    assert.match(unreachable, /database postgresql:\/\/me:\*\*\*@.* cannot be reached/);
    assert.doesNotMatch(unreachable, /sesame/);
    assert.match(notOurs, /is not empty and not a data directory of Poplar/);
    assert.match(file, /stranger cannot be used: it is a file, or what/);
    assert.match(belowFile, /data cannot be used: it is a file, or what/);
    assert.match(badValue, /POPLAR_WORKERS must be/);
  });

  test('reads the file that --config names', async () => {
    const file = join(directory, 'named.toml');
    writeFileSync(file, 'wrokers = 1\n');
    assert.match(await failed(start({}, ['--config', file])), /named\.toml: unknown key wrokers/);
  });

  test('warns of a token that can be guessed, and never says it', async () => {
    const node = start({
      POPLAR_ADMIN_TOKEN: 'sesame',
      POPLAR_DATA_DIR: join(directory, 'warned'),
    });
    let said = '';
    node.stderr?.on('data', (text: Buffer) => {
      said += text.toString();
    });
    await readyLine(node);
    node.kill('SIGTERM');
    await once(node, 'close');
    assert.match(said, /"level":"warn".*POPLAR_ADMIN_TOKEN can be guessed/);
    assert.doesNotMatch(said, /sesame/);
  });
});
