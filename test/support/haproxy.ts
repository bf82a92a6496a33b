/**
 * Debian's HAProxy with the configuration of docs/operations, its addresses, names and paths replaced
 * and nothing else: what is not found in the file is an error.
 *
 * Never: another configuration than the documented one; a process that outlives `stop`.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { eventually } from './node-inspection.ts';
import { fileAt } from './source-tree.ts';

export interface HaproxyOptions {
  /** Addresses of the two nodes; their ports are those of the file. */
  readonly hosts: readonly [string, string];
  /** Certificate and key, PEM. */
  readonly pem: string;
  /** As the file says for TLS that ends in the nodes. */
  readonly passThrough?: boolean;
}

export interface Haproxy {
  readonly pop3: number;
  readonly pop3s: number;
  /** One line a session. */
  log(): string;
  /** The state of a server of the backend in use: `status`, `wredis`, `stot` and so on. */
  server(name: string): Promise<Readonly<Record<string, string>>>;
  stop(): Promise<void>;
}

const configuration = 'docs/operations/haproxy.cfg';
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export async function startHaproxy(options: HaproxyOptions): Promise<Haproxy> {
  const directory = mkdtempSync(join(tmpdir(), 'poplar-haproxy-'));
  // It reads its files as root and serves as somebody else.
  chmodSync(directory, 0o711);
  const [pop3, pop3s] = [await freePort(), await freePort()];
  const pemFile = join(directory, 'cert.pem');
  const socket = join(directory, 'admin.sock');
  const file = join(directory, 'haproxy.cfg');
  writeFileSync(pemFile, options.pem, { mode: 0o600 });
  writeFileSync(file, configured(options, { pop3, pop3s, pemFile, socket }));
  const child = spawn('haproxy', ['-db', '-f', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: `${process.env.PATH}:/usr/sbin` },
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const said: string[] = [];
  child.once('error', (error) => {
    running.delete(child);
    said.push(error.message);
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece: Buffer) => said.push(piece.toString()));
  }
  const backend = options.passThrough === true ? 'nodes_tls' : 'nodes';
  const server = async (name: string): Promise<Record<string, string>> =>
    serverIn(await ask(socket, 'show stat'), backend, name);
  const stop = async (): Promise<void> => {
    const over = once(child, 'exit');
    if (child.exitCode === null && child.kill('SIGKILL')) await over;
    rmSync(directory, { recursive: true, force: true });
  };
  const log = (): string => said.join('');
  try {
    await eventually(() => server('pop1'));
  } catch (error) {
    await stop();
    throw new Error(`HAProxy did not start\n${log()}`, { cause: error });
  }
  return { pop3, pop3s, log, server, stop };
}

interface Places {
  readonly pop3: number;
  readonly pop3s: number;
  readonly pemFile: string;
  readonly socket: string;
}

function configured({ hosts, passThrough }: HaproxyOptions, places: Places): string {
  const replacements: [from: string, to: string][] = [
    ['log /dev/log local0', 'log stdout format raw local0'],
    // As many descriptors as it would need for more than a test has.
    ['maxconn 50000', 'maxconn 500'],
    ['/run/haproxy/admin.sock', places.socket],
    ['bind :110\n', `bind 127.0.0.1:${places.pop3}\n`],
    ['bind :995 ', `bind 127.0.0.1:${places.pop3s} `],
    ['/etc/haproxy/pop.example.org.pem', places.pemFile],
    ['10.0.0.11:', `${hosts[0]}:`],
    ['10.0.0.12:', `${hosts[1]}:`],
  ];
  if (process.getuid?.() !== 0) {
    replacements.push(['    user haproxy\n', ''], ['    group haproxy\n', '']);
  }
  if (passThrough === true) {
    const tls = ` ssl crt ${places.pemFile} alpn pop3\n    default_backend nodes\n`;
    replacements.push([tls, '\n    default_backend nodes_tls\n']);
  }
  let config = fileAt(configuration).text;
  for (const [from, to] of replacements) {
    if (!config.includes(from)) throw new Error(`${configuration} has no ${JSON.stringify(from)}`);
    config = config.replaceAll(from, to);
  }
  return config;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function ask(path: string, command: string): Promise<string> {
  const socket = connect(path);
  await once(socket, 'connect');
  socket.end(`${command}\n`);
  return text(socket);
}

/** The row of one server in HAProxy's CSV. */
function serverIn(csv: string, backend: string, name: string): Record<string, string> {
  const [head = '', ...rows] = csv.replace(/^# /, '').split('\n');
  const row = rows.find((candidate) => candidate.startsWith(`${backend},${name},`));
  if (row === undefined) throw new Error(`no server ${name} in ${csv}`);
  const cells = row.split(',');
  return Object.fromEntries(head.split(',').map((column, index) => [column, cells[index] ?? '']));
}
