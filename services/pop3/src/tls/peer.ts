/**
 * The other end of a client's TLS, as far as logging in is concerned: our own, or that which ended at
 * a balancer whose PROXY header we believe.
 *
 * Never: a name of a certificate that was not verified; the certificate of a balancer, or a binding to
 * the TLS between it and us, taken for the client's.
 */

import type { TLSSocket } from 'node:tls';
import type { ProxyTls, Secured } from '@poplar/protocol';
import { verifiedNames } from './peer-certificate.ts';

export interface TlsPeer {
  /** Null when TLS ended at a balancer: it shares no secret of the client's with us. */
  readonly socket: TLSSocket | null;
  /** Of its verified certificate; null without one. */
  readonly certificateNames: readonly string[] | null;
}

export function peerOf(socket: TLSSocket): TlsPeer {
  return { socket, certificateNames: verifiedNames(socket) };
}

/** A header says one name of a certificate at most, and it only if the balancer has verified it. */
export function peerBehind({ clientCommonName: name }: ProxyTls): TlsPeer {
  const isNamed = name !== null && name !== '';
  return { socket: null, certificateNames: isNamed ? [`cn:${name}`] : null };
}

/** What a session is told of it. */
export function securedBy({ socket, certificateNames }: TlsPeer): Secured {
  return { clientCertificate: certificateNames !== null, channelBinding: socket !== null };
}
