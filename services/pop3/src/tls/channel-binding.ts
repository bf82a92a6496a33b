/**
 * What a SCRAM exchange can be bound to: octets that both ends of this very TLS connection know and
 * nobody in between has (RFC 5802 §6).
 *
 * `tls-exporter` (RFC 9266) on TLS 1.3 alone: on 1.2 it is safe only with the extended master secret,
 * and Node does not tell. `tls-unique` is offered nowhere (RFC 9266 §3). `tls-server-end-point` (RFC
 * 5929 §4) is a hash of our certificate and survives a TLS terminator that shares it.
 *
 * Never: binding data for a connection without TLS, or of a certificate whose hash is not defined.
 */

import { hash, type X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

export type BindingType = 'tls-exporter' | 'tls-server-end-point';

const exporterLabel = 'EXPORTER-Channel-Binding';
const exporterOctets = 32;
const noContext = Buffer.alloc(0);

/** Null when this connection has no such binding. */
export function bindingData(socket: TLSSocket, type: BindingType): Uint8Array | null {
  if (type === 'tls-exporter') {
    if (socket.getProtocol() !== 'TLSv1.3') return null;
    return socket.exportKeyingMaterial(exporterOctets, exporterLabel, noContext);
  }
  const certificate = socket.getX509Certificate();
  return certificate === undefined ? null : endPointData(certificate);
}

/** Hashed as its signature was, but with SHA-256 where that was MD5 or SHA-1 (RFC 5929 §4.1). */
export function endPointData(certificate: X509Certificate): Uint8Array | null {
  const algorithm = hashOf(certificate.signatureAlgorithm ?? '');
  return algorithm === null ? null : hash(algorithm, certificate.raw, 'buffer');
}

/** OpenSSL writes `sha256WithRSAEncryption`, `ecdsa-with-SHA384`; Ed25519 names no hash. */
function hashOf(signatureAlgorithm: string): string | null {
  const found = /(?:^|-)(md5|sha1|sha224|sha256|sha384|sha512)(?:$|-|with)/i.exec(
    signatureAlgorithm,
  );
  const name = found?.[1]?.toLowerCase() ?? null;
  return name === 'md5' || name === 'sha1' ? 'sha256' : name;
}
