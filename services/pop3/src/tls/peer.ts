/**
 * The other end of a TLS connection, as far as logging in is concerned.
 *
 * Never: a name of a certificate that was not verified.
 */

import type { TLSSocket } from 'node:tls';
import { verifiedNames } from './peer-certificate.ts';

export interface TlsPeer {
  readonly socket: TLSSocket;
  /** Of its verified certificate; null without one. */
  readonly certificateNames: readonly string[] | null;
}

export function peerOf(socket: TLSSocket): TlsPeer {
  return { socket, certificateNames: verifiedNames(socket) };
}
