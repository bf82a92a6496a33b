/**
 * Salted digests of LDAP servers and Dovecot: `{SSHA}` and its kin, the digest followed by the salt.
 * One hash makes them: they are read so that nobody has to be given a new password, and are outdated
 * at once.
 *
 * Never: a digest without salt.
 *
 * Rules: draft-stroeder-hashed-userpassword-values; Dovecot's suffixes `.HEX` and `.B64`.
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import { digestSaltOctets } from '../limits.ts';
import { decodeBase64, decodeHex } from './base64.ts';
import type { PasswordRecord, Scheme, StoredText } from './scheme.ts';

const hashNamed: Readonly<Record<string, { readonly hash: string; readonly octets: number }>> = {
  SMD5: { hash: 'md5', octets: 16 },
  SSHA: { hash: 'sha1', octets: 20 },
  SSHA256: { hash: 'sha256', octets: 32 },
  SSHA512: { hash: 'sha512', octets: 64 },
};

function read({ name, encoding, body }: StoredText): PasswordRecord | null {
  const named = hashNamed[name];
  if (named === undefined) return null;
  const { hash, octets } = named;
  const range = { min: octets + digestSaltOctets.min, max: octets + digestSaltOctets.max };
  const decoded = encoding === 'hex' ? decodeHex(body, range) : decodeBase64(body, range);
  if (decoded === null) return null;
  const digest = decoded.subarray(0, octets);
  const salt = decoded.subarray(octets);
  return {
    scheme: name.toLowerCase(),
    weight: 'cheap',
    outdated: () => true,
    verify: async (secret) =>
      timingSafeEqual(createHash(hash).update(secret).update(salt).digest(), digest),
  };
}

export const saltedDigest: Scheme = { names: Object.keys(hashNamed), read };
