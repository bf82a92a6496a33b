/**
 * The digest that APOP sends, held against the secret it is made of.
 *
 * Never: true for an empty or missing secret (the Archiveopteryx family of faults); a comparison
 * that tells by its time where it differs.
 *
 * Rules: RFC 1939 §7. MD5 of timestamp and secret; the secret is stored in clear because APOP needs it.
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import { apopTimestampCharactersMax, secretOctetsMax } from './limits.ts';

/**
 * Whether `digest` (32 hexadecimal digits) is that of the timestamp, angle brackets included, and the secret.
 * Null is the secret of a name that has none: same work, never true. Never throws.
 */
export function verifyApop(secret: Uint8Array | null, timestamp: string, digest: string): boolean {
  if (timestamp.length > apopTimestampCharactersMax) return false;
  const isSecret = secret !== null && secret.length > 0 && secret.length <= secretOctetsMax;
  const isDigest = /^[0-9A-Fa-f]{32}$/.test(digest);
  const expected = createHash('md5')
    .update(timestamp)
    .update(isSecret ? secret : '-')
    .digest();
  const given = isDigest ? Buffer.from(digest, 'hex') : Buffer.alloc(expected.length);
  return timingSafeEqual(given, expected) && isSecret && isDigest;
}
