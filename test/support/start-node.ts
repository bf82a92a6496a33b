/**
 * Starts a real node of Poplar as its own process, with its own data directory and free ports, and
 * stops it. A node that does not end with 0, or leaves a process behind, fails the test.
 *
 * Never: a fixed port; a node that outlives the process that started it.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { descendantsOf } from './process-tree.ts';

const main = fileURLToPath(new URL('../../services/node/src/main.ts', import.meta.url));
const compileCache = fileURLToPath(new URL('../../node_modules/.cache/compile', import.meta.url));

const readyWithinMs = 20_000;
const stoppedWithinMs = 20_000;
const startsMax = 3;

export interface NodeOptions {
  readonly databaseUrl: string;
  /** Over what is set here. */
  readonly environment?: Readonly<Record<string, string>>;
  /** An empty value keeps a listener off; these are on by default: pop3, pop3s, lmtp, ops. */
  readonly workers?: number;
  /** Where its log goes instead of to `log()`: a descriptor of this process. */
  readonly stderr?: number;
  /** A program that becomes the node: it executes the rest of its arguments. */
  readonly launcher?: readonly string[];
}

export interface RunningNode {
  readonly pid: number;
  /** Ports by listener name; 0 when it is off. */
  readonly pop3: number;
  readonly pop3s: number;
  readonly pop3Proxy: number;
  readonly pop3sProxy: number;
  readonly lmtp: number;
  readonly ops: number;
  readonly admin: number;
  readonly dataDir: string;
  /** PEM text, and the file, of the certificate that clients should trust. */
  readonly ca: string;
  readonly caFile: string;
  /** What it logged so far. */
  log(): string;
  /** What it printed so far. */
  printed(): string;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM; rejects unless it ends with 0 and leaves nothing behind. */
  stop(): Promise<void>;
  /** SIGKILL, for tests of what is left then. */
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * A free port may be another's by the time that a worker listens on it: any connection of a test takes
 * one. Then the node starts once more.
 */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      if (tries === startsMax || !String(error).includes('the address is already in use'))
        throw error;
    }
  }
}

async function startOnce(options: NodeOptions): Promise<RunningNode> {
  const directory = mkdtempSync(join(tmpdir(), 'poplar-node-'));
  const dataDir = join(directory, 'data');
  const [program = '', ...rest] = [...(options.launcher ?? []), process.execPath, main, 'serve'];
  const child = spawn(program, rest, {
    cwd: directory,
    stdio: ['ignore', 'pipe', options.stderr ?? 'pipe'],
    env: { ...environmentOf(options), POPLAR_DATA_DIR: dataDir, ...options.environment },
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const logged: string[] = [];
  child.stderr?.on('data', (text: Buffer) => logged.push(text.toString()));
  const log = (): string => logged.join('');
  const printed: string[] = [];
  child.stdout?.on('data', (text: Buffer) => printed.push(text.toString()));
  try {
    const line = await readyLine(child, log);
    const caFile = options.environment?.POPLAR_TLS_CERT ?? join(dataDir, 'tls', 'cert.pem');
    return {
      pid: child.pid ?? 0,
      pop3: portIn(line, 'pop3'),
      pop3s: portIn(line, 'pop3s'),
      pop3Proxy: portIn(line, 'pop3-proxy'),
      pop3sProxy: portIn(line, 'pop3s-proxy'),
      lmtp: portIn(line, 'lmtp'),
      ops: portIn(line, 'ops'),
      admin: portIn(line, 'admin'),
      dataDir,
      caFile,
      ca: readFileSync(caFile, 'utf8'),
      log,
      printed: () => printed.join(''),
      signal: (signal) => void child.kill(signal),
      stop: () => stop(child, directory, log),
      kill: async () => {
        await ended(child, 'SIGKILL');
        rmSync(directory, { recursive: true, force: true });
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

function environmentOf({ databaseUrl, workers = 2 }: NodeOptions): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    TMPDIR: tmpdir(),
    NODE_COMPILE_CACHE: compileCache,
    UV_THREADPOOL_SIZE: '8',
    DATABASE_URL: databaseUrl,
    POPLAR_ROLES: 'pop3,maildrop',
    POPLAR_WORKERS: String(workers),
    POPLAR_HOSTNAME: 'pop.example.org',
    POPLAR_LISTEN_POP3: '127.0.0.1:0',
    POPLAR_LISTEN_POP3S: '127.0.0.1:0',
    POPLAR_LISTEN_LMTP: '127.0.0.1:0',
    POPLAR_LISTEN_OPS: '127.0.0.1:0',
    POPLAR_LISTEN_ADMIN: '',
  };
}

async function readyLine(child: ChildProcess, log: () => string): Promise<string> {
  const { stdout } = child;
  if (stdout === null) throw new Error('the node has no standard output');
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const said: string[] = [];
  createInterface(stdout).on('line', (line) => {
    said.push(line);
    if (line.startsWith('poplar ready')) resolve(line);
  });
  const give = (reason: string): void =>
    reject(new Error(`the node ${reason}\n${said.join('\n')}\n${log()}`));
  child.once('close', (code) => give(`ended with ${code} before it was ready`));
  child.once('error', reject);
  const timer = setTimeout(() => give(`was not ready in ${readyWithinMs} ms`), readyWithinMs);
  return promise.finally(() => clearTimeout(timer));
}

function portIn(line: string, name: string): number {
  const [, port = '0'] = new RegExp(`\\b${name} [^,]*:(\\d+)(?:,|$)`).exec(line) ?? [];
  return Number(port);
}

async function stop(child: ChildProcess, directory: string, log: () => string): Promise<void> {
  const children = child.pid === undefined ? [] : descendantsOf(child.pid);
  const code = await ended(child, 'SIGTERM');
  if (code !== 0) throw new Error(`the node ended with ${code}\n${log()}`);
  for (let tries = 0; children.some(isAlive); tries += 1) {
    if (tries > 50) throw new Error(`the node left processes behind: ${children.filter(isAlive)}`);
    await sleep(20);
  }
  rmSync(directory, { recursive: true, force: true });
}

/** The exit code, or the signal that ended it. */
async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | string> {
  if (child.exitCode === null && child.signalCode === null) {
    const timer = setTimeout(() => child.kill('SIGKILL'), stoppedWithinMs);
    const over = once(child, 'exit');
    child.kill(signal);
    await over;
    clearTimeout(timer);
  }
  return child.exitCode ?? child.signalCode ?? 'unknown';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
