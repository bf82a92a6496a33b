/**
 * The LMTP listeners of this worker and all their connections: accepts, bounds, sweeps, drains.
 *
 * Never: a look at what a client sends; an accepted connection that nobody has.
 */

import { createServer, type Server, type Socket } from 'node:net';
import { lmtpReplyOctets } from '@poplar/protocol';
import {
  type Address,
  ListenError,
  listenOnPath,
  listenProblem,
  printAddress,
} from '@poplar/runtime';
import {
  acceptBacklog,
  connectionsMax,
  drainPollMs,
  sweepIntervalMs,
  unixSocketMode,
} from './limits.ts';
import type { EndReason } from './lmtp-connection.ts';

/** The part of a connection that the listener needs. */
export interface Swept {
  drain(): void;
  destroy(reason: EndReason): void;
  sweep(): void;
}

export interface LmtpListenerParts {
  /** Takes over the socket; `ended` must be called when nothing of the connection is left. */
  readonly connect: (socket: Socket, ended: (reason: EndReason) => void) => Swept;
  readonly opened: () => void;
  readonly closed: (reason: EndReason | 'full') => void;
  /** Fewer than the usual bound, for tests. */
  readonly connectionsMax?: number;
}

export class LmtpListener {
  readonly #parts: LmtpListenerParts;
  readonly #servers: Server[] = [];
  readonly #connections = new Set<Swept>();
  #sweeper: NodeJS.Timeout;
  #empty: (() => void) | undefined;

  constructor(parts: LmtpListenerParts) {
    this.#parts = parts;
    this.#sweeper = this.#sweepEvery(sweepIntervalMs);
  }

  #sweepEvery(intervalMs: number): NodeJS.Timeout {
    return setInterval(() => {
      for (const connection of this.#connections) connection.sweep();
    }, intervalMs);
  }

  /** Answers the printable address. Rejects with a ListenError. */
  async listen(address: Address): Promise<string> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true });
    server.on('connection', (socket) => this.#accept(socket));
    this.#servers.push(server);
    try {
      if ('path' in address) {
        await listenOnPath(server, address.path, { backlog: acceptBacklog, mode: unixSocketMode });
      } else await listenOnPort(server, address);
    } catch (error) {
      throw new ListenError(listenProblem('lmtp', address, error));
    }
    // A failing accept (no descriptors left) must not end the worker; the client will come back.
    server.on('error', () => {});
    return `lmtp ${printAddress(boundAddress(server, address))}`;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Accepts nobody any more, lets transactions in hand end for this long, then cuts off the rest.
   * Resolves when no connection is left, deliveries already given to the store included.
   */
  async drain(deadlineMs: number): Promise<void> {
    for (const server of this.#servers) server.close();
    for (const connection of [...this.#connections]) connection.drain();
    clearInterval(this.#sweeper);
    this.#sweeper = this.#sweepEvery(drainPollMs);
    const cut = setTimeout(() => {
      for (const connection of [...this.#connections]) connection.destroy('shutdown');
    }, deadlineMs);
    if (this.#connections.size > 0) {
      await new Promise<void>((resolve) => {
        this.#empty = resolve;
      });
    }
    clearTimeout(cut);
    clearInterval(this.#sweeper);
  }

  #accept(socket: Socket): void {
    this.#parts.opened();
    if (this.#connections.size >= (this.#parts.connectionsMax ?? connectionsMax)) {
      socket.on('error', () => {});
      socket.end(lmtpReplyOctets('too-busy'), () => socket.destroy());
      this.#parts.closed('full');
      return;
    }
    const connection = this.#parts.connect(socket, (reason) => {
      this.#connections.delete(connection);
      this.#parts.closed(reason);
      if (this.#connections.size === 0) this.#empty?.();
    });
    this.#connections.add(connection);
  }
}

async function listenOnPort(server: Server, address: { host: string; port: number }) {
  const { host, port } = address;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: acceptBacklog }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function boundAddress(server: Server, address: Address): Address {
  const bound = server.address();
  if ('path' in address || typeof bound !== 'object' || bound === null) return address;
  return { host: address.host, port: bound.port };
}
