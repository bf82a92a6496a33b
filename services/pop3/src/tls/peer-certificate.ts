/**
 * Who a client's certificate says it is, once it was verified against the configured authorities.
 *
 * A name is what an administrator registers for a mailbox: `email:` and an address of its
 * subjectAltName, `cn:` and its one common name, `sha256:` and its fingerprint.
 *
 * Never: a name of a certificate that was not verified; a guess at a subject with several common
 * names or at an entry that OpenSSL had to quote.
 */

import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { certificateNamesMax } from '../limits.ts';

/** Null without a certificate, or with one that was not verified. */
export function verifiedNames(socket: TLSSocket): readonly string[] | null {
  if (!socket.authorized) return null;
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? null : namesOf(certificate);
}

export function namesOf(certificate: X509Certificate): readonly string[] {
  const names = [`sha256:${certificate.fingerprint256.replaceAll(':', '').toLowerCase()}`];
  const alternatives = certificate.subjectAltName ?? '';
  // An entry with a comma in it is written in quotes: such a list cannot be taken apart by commas.
  for (const entry of alternatives.includes('"') ? [] : alternatives.split(', ')) {
    const address = /^email:([^\s",@]+@[^\s",@]+)$/.exec(entry)?.[1];
    if (address !== undefined) names.push(`email:${address.toLowerCase()}`);
  }
  const commonNames = certificate.subject.split('\n').filter((line) => line.startsWith('CN='));
  const [commonName] = commonNames;
  if (commonNames.length === 1 && commonName !== undefined) {
    names.push(`cn:${commonName.slice('CN='.length)}`);
  }
  return names.slice(0, certificateNamesMax);
}
