/**
 * What the API listens with: HTTP on loopback and on a unix socket, HTTPS with the node's certificates
 * anywhere else, so that no token goes over a network in clear.
 *
 * Never: TLS below 1.2 (RFC 9325).
 */

import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { BlockList, isIP, type Socket } from 'node:net';
import type { Address, CertificateSet } from '@poplar/runtime';
import type { FastifyServerFactoryHandler } from 'fastify';
import {
  connectionsMax,
  headTimeoutMs,
  keepAliveTimeoutMs,
  requestTimeoutMs,
  silenceTimeoutMs,
} from './limits.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

export function isLocal(address: Address): boolean {
  if ('path' in address) return true;
  const family = isIP(address.host);
  if (family === 0) return address.host === 'localhost';
  return loopback.check(address.host, family === 6 ? 'ipv6' : 'ipv4');
}

export interface ApiServer {
  readonly server: Server | TlsServer;
  /** For handshakes from now on. */
  reload(certificates: CertificateSet): void;
}

export interface ServerOptions {
  readonly isLocal: boolean;
  readonly certificates: CertificateSet;
  /** A connection on which nothing moves is closed after this. */
  readonly silenceMs?: number;
}

export function makeServer(handler: FastifyServerFactoryHandler, given: ServerOptions): ApiServer {
  const { silenceMs = silenceTimeoutMs } = given;
  if (given.isLocal) {
    return { server: bounded(createServer(handler), silenceMs), reload: () => {} };
  }
  const server = createTlsServer(tlsOptions(given.certificates), handler);
  return {
    server: bounded(server, silenceMs),
    reload: (certificates) => server.setSecureContext(tlsOptions(certificates)),
  };
}

function tlsOptions({ default: { cert, key } }: CertificateSet) {
  return { cert, key, minVersion: 'TLSv1.2' as const };
}

function bounded<Any extends Server | TlsServer>(server: Any, silenceMs: number): Any {
  server.timeout = silenceMs;
  server.requestTimeout = requestTimeoutMs;
  server.headersTimeout = headTimeoutMs;
  server.keepAliveTimeout = keepAliveTimeoutMs;
  server.maxConnections = connectionsMax;
  return closingAll(server);
}

/**
 * Node's `closeAllConnections` knows no connection whose handshake is under way, and `close` waits for it:
 * one client that connects and says nothing would hold up the end of the node.
 */
function closingAll<Any extends Server | TlsServer>(server: Any): Any {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.closeAllConnections = () => {
    for (const socket of sockets) socket.destroy();
  };
  return server;
}
