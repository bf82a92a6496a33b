/**
 * `npm start` itself, as a newcomer types it: in a clean copy of what git tracks, below a directory
 * that is closed to others, with the system's npm. Not only for whoever runs the tests: root, a user
 * whose number has no name, a machine without a network, a terminal that is closed.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../support/node-inspection.ts';
import { root } from '../support/source-tree.ts';

/** With the installation, on a machine that does other things too. */
const readyWithinMs = 120_000;
const endsWithinMs = 40_000;
const isRoot = process.getuid?.() === 0;
const nameless = 12_345;

/** SIOCSIFFLAGS with IFF_UP and IFF_RUNNING: a new network namespace has its loopback down. */
const loopbackUp =
  'socket($s, 2, 2, 0) && ioctl($s, 0x8914, $_ = pack("a16 s x22", "lo", 0x41)) or die $!';

/** Programs that become the rest of their arguments. */
const namespaced = isRoot ? ['unshare', '-n'] : ['unshare', '-Urn'];
const withoutNetwork = [...namespaced, 'perl', '-e', `${loopbackUp}; exec @ARGV`, '--'];
const asNameless = isRoot
  ? ['setpriv', `--reuid=${nameless}`, `--regid=${nameless}`, '--clear-groups', '--']
  : ['unshare', '-U', `--map-user=${nameless}`, `--map-group=${nameless}`, '--'];

/** Its argument on a terminal that is closed when the node is ready; ends when npm has ended. */
const terminal = `
import os, pty, sys
child, master = pty.fork()
if child == 0: os.execvp('sh', ['sh', '-c', sys.argv[1]])
said = b''
while b'poplar ready' not in said: said += os.read(master, 65536)
os.close(master)
os.waitpid(child, 0)
`;

let directory: string;
let tree: string;

before(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'poplar-npm-')));
  // Whoever the nameless user is to the rest of the machine, he gets as far as the closed door.
  chmodSync(directory, 0o711);
  const closed = join(directory, 'closed');
  mkdirSync(closed, { mode: 0o700 });
  mkdirSync(join(directory, 'home'));
  tree = join(closed, 'poplar');
  const tracked = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
  assert.equal(tracked.status, 0, tracked.stderr);
  for (const path of tracked.stdout.split('\0').slice(0, -1)) {
    if (existsSync(join(root, path))) cpSync(join(root, path), join(tree, path));
  }
});
after(() => {
  killAll();
  rmSync(directory, { recursive: true, force: true });
});

function start(argv: readonly string[], environment: Record<string, string> = {}) {
  const [program = '', ...rest] = argv;
  const child = spawn(program, rest, {
    cwd: tree,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      // Not the Node and the pnpm of this repository.
      PATH: (process.env.PATH ?? '').replace(/[^:]*\/node_modules\/[^:]*:?/g, ''),
      HOME: homedir(),
      npm_config_update_notifier: 'false',
      POPLAR_WORKERS: '1',
      ...Object.fromEntries(
        ['POP3', 'POP3S', 'LMTP', 'OPS'].map((name) => [`POPLAR_LISTEN_${name}`, '127.0.0.1:0']),
      ),
      POPLAR_LISTEN_ADMIN: '',
      ...environment,
    },
  });
  const said: string[] = [];
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (text: Buffer) => said.push(text.toString()));
  }
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  return { child, said, ended };
}

async function ready(child: ChildProcess): Promise<boolean> {
  const { stdout } = child;
  assert.ok(stdout !== null);
  const timer = setTimeout(killAll, readyWithinMs);
  try {
    for await (const line of createInterface(stdout))
      if (line.startsWith('poplar ready')) return true;
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** Starts, waits, sends SIGTERM to npm alone: 0, and nothing is left. */
async function startsAndEnds(argv: readonly string[], environment?: Record<string, string>) {
  const { child, said, ended } = start(argv, environment);
  assert.ok(await ready(child), said.join(''));
  assert.ok(processesBelow(directory).length > 3, 'npm, the node and its PostgreSQL are seen');
  child.kill('SIGTERM');
  const timer = setTimeout(killAll, endsWithinMs);
  assert.equal(await ended, 0, said.join(''));
  clearTimeout(timer);
  await nothingIsLeft();
}

async function nothingIsLeft(): Promise<void> {
  await eventually(() => assert.deepEqual(processesBelow(directory), []), endsWithinMs);
}

/** All of a node's processes work in the copy: PostgreSQL in its data directory. */
function processesBelow(path: string): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readlinkSync(`/proc/${name}/cwd`).startsWith(`${path}/`);
    } catch {
      return false;
    }
  });
}

function killAll(): void {
  for (const pid of processesBelow(directory)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended while we looked.
    }
  }
}

/** The copy as if the nameless user had made its directories; files may be links of pnpm's store. */
function giveDirectories(path: string): void {
  chownSync(path, nameless, nameless);
  for (const name of readdirSync(path)) {
    const inside = join(path, name);
    if (lstatSync(inside).isDirectory()) giveDirectories(inside);
  }
}

describe('npm start in a clean copy', () => {
  test('installs, starts and ends', async () => {
    await startsAndEnds(['npm', 'start']);
  });

  test('again, without a network', async () => {
    await startsAndEnds([...withoutNetwork, 'npm', 'start']);
  });

  test('a terminal that is closed takes node and PostgreSQL with it', async () => {
    const log = join(directory, 'log');
    const { ended, said } = start(['python3', '-c', terminal, `exec npm start 2>${log}`]);
    const timer = setTimeout(killAll, readyWithinMs);
    assert.equal(await ended, 0, said.join(''));
    clearTimeout(timer);
    await nothingIsLeft();
    const lines = readFileSync(log, 'utf8');
    assert.match(lines, /"signal":"SIGHUP".*"ending"/);
    assert.match(lines, /"ended"/);
  });

  test('without a network, by a user without a name', async () => {
    const home = join(directory, 'home');
    if (isRoot) for (const path of [join(directory, 'closed'), home]) giveDirectories(path);
    await startsAndEnds([...withoutNetwork, ...asNameless, 'npm', 'start'], {
      HOME: home,
      POPLAR_DATA_DIR: 'nameless',
    });
  });
});
