/**
 * Ports, before the workers take them. All workers bind the same port with SO_REUSEPORT, which would
 * also bind beside a stranger (another node of the same user, say) and split its clients with it. So
 * the main thread first binds each address once, alone, which fails if anybody has it. All are held
 * until the last one is proven, so that two of our own cannot have the same port either; then all are
 * let go. The same step turns port 0 into a real number that all workers can share.
 *
 * Never: a connection accepted here; a guess that a port is free.
 */

import { lstat } from 'node:fs/promises';
import { createServer } from 'node:net';
import {
  type Address,
  type Config,
  type Listeners,
  printAddress,
  type TcpAddress,
} from './config/config.ts';
import { removeStaleSocket } from './unix-socket.ts';

/** An address cannot be listened on. The message is one line. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/**
 * The configuration with every port checked and every 0 resolved, and without the listeners that
 * this node does not open. Throws ListenError.
 */
export async function resolveListeners(config: Config): Promise<Config> {
  const { roles } = config;
  const { pop3, pop3s, pop3Proxy, pop3sProxy, lmtp, ops, admin } = config.listeners;
  await using held = new AsyncDisposableStack();
  const tcp = async <T extends TcpAddress>(name: string, address: T | null): Promise<T | null> =>
    address === null ? null : { ...address, port: await hold(held, name, address) };
  const listeners: Listeners = {
    ...config.listeners,
    pop3: roles.includes('pop3') ? await tcp('pop3', pop3) : null,
    pop3s: roles.includes('pop3') ? await tcp('pop3s', pop3s) : null,
    pop3Proxy: roles.includes('pop3') ? await tcp('pop3-proxy', pop3Proxy) : null,
    pop3sProxy: roles.includes('pop3') ? await tcp('pop3s-proxy', pop3sProxy) : null,
    lmtp: roles.includes('maildrop') ? await resolveAll(held, lmtp) : [],
    ops: await tcp('ops', ops),
    admin: roles.includes('admin') ? await tcp('admin', admin) : null,
  };
  return { ...config, listeners };
}

/**
 * Binds the address alone, lets go and returns the port. Throws ListenError if it is taken, not
 * allowed or not ours.
 */
export async function assertPortFree(name: string, address: TcpAddress): Promise<number> {
  await using held = new AsyncDisposableStack();
  return await hold(held, name, address);
}

/** Binds the address alone, until the stack is disposed of. Answers the port. */
function hold(held: AsyncDisposableStack, name: string, address: TcpAddress): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer((socket) => socket.destroy());
  server.once('error', (error) => reject(new ListenError(listenProblem(name, address, error))));
  server.listen({ host: address.host, port: address.port, exclusive: true }, () => {
    const bound = server.address();
    held.defer(() => new Promise((closed) => server.close(() => closed())));
    resolve(typeof bound === 'object' && bound !== null ? bound.port : address.port);
  });
  return promise;
}

function inUse(name: string): string {
  const setting = `POPLAR_LISTEN_${name.toUpperCase().replace('-', '_')}`;
  return `the address is already in use; choose another with ${setting}`;
}

/** Why listening failed, in one line: `pop3 cannot listen on 127.0.0.1:1110: ...`. */
export function listenProblem(name: string, address: Address, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: inUse(name),
    EACCES: 'permission denied',
    EADDRNOTAVAIL: 'this host does not have the address',
    ENOTFOUND: 'the host name is not known',
    ENOENT: 'the directory does not exist',
  };
  return `${name} cannot listen on ${printAddress(address)}: ${reasons[code] ?? code}`;
}

async function resolveAll(
  held: AsyncDisposableStack,
  addresses: readonly Address[],
): Promise<Address[]> {
  const name = 'lmtp';
  const resolved: Address[] = [];
  for (const address of addresses) {
    if ('path' in address) {
      await freePath(name, address.path);
      resolved.push(address);
    } else {
      resolved.push({ host: address.host, port: await hold(held, name, address) });
    }
  }
  return resolved;
}

/** A socket file whose process is gone would make listen fail; one that answers is not ours. */
async function freePath(name: string, path: string): Promise<void> {
  const stat = await lstat(path).catch(() => null);
  if (stat === null || (await removeStaleSocket(path))) return;
  const reason = stat.isSocket() ? inUse(name) : 'not a socket';
  throw new ListenError(`${name} cannot listen on unix:${path}: ${reason}`);
}
