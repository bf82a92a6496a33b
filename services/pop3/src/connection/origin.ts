/**
 * Where a client comes from: by the kernel's word, or by that of a load balancer we trust.
 *
 * Never: the address in a PROXY header taken for a peer on this machine. What the balancer says is
 * believed for logs and counts, but a password in the clear has crossed a network on its way to it.
 */

import type { Socket } from 'node:net';
import type { ProxyHeader, ProxyTls } from '@poplar/protocol';
import type { LogFields, Pop3TlsMode } from '@poplar/runtime';
import type { ListenerKind } from '../front-end.ts';

export interface Arrival {
  readonly socket: Socket;
  readonly listener: ListenerKind;
  readonly tlsMode: Pop3TlsMode;
}

export interface Origin {
  /** Of the client, as far as we know; empty when its socket was gone before we could ask. */
  readonly address: string;
  /** Whose share of connections it takes; null for a balancer's own, such as its health checks. */
  readonly countedAs: string | null;
  /** Of the balancer that speaks for the client; null for a client that is here itself. */
  readonly proxy: string | null;
  /** TLS that ended at the balancer: the client's words have not crossed a network in the clear. */
  readonly tls: ProxyTls | null;
  /** The host name that the client asked the balancer for. */
  readonly authority: string | null;
  /** What the balancer calls this connection. */
  readonly uniqueId: string | null;
}

export function directOrigin(socket: Socket): Origin {
  const address = socket.remoteAddress ?? '';
  return { address, countedAs: address, proxy: null, tls: null, authority: null, uniqueId: null };
}

/** A header without a source is the balancer's own connection: a health check, say. */
export function proxiedOrigin(socket: Socket, header: ProxyHeader): Origin {
  const { source, tls, authority, uniqueId } = header;
  const proxy = socket.remoteAddress ?? '';
  const countedAs = source?.address ?? null;
  return { address: countedAs ?? proxy, countedAs, proxy, tls, authority, uniqueId };
}

/** What a log line says of a balancer; nothing when there is none. */
export function proxyFields({ proxy, authority, uniqueId }: Origin): LogFields {
  return proxy === null ? {} : { proxy, authority, uniqueId };
}
