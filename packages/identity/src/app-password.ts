/**
 * App passwords: made here, shown once, typed by a person into one client.
 *
 * A text has 28 letters of five random bits each, 140 bits, so a single salted SHA-256 of it is as good
 * as any slow hash: nobody can try 2^140 of them. Letters are Douglas Crockford's base 32, in which
 * nothing looks like anything else, and case, spaces and dashes do not count when it is typed.
 *
 * Never: a hash like this for a secret that a person chose; the text in anything that is stored.
 *
 * Rules: NIST SP 800-63B §5.1.2 (look-up secrets of 112 bits and more need no slow hash).
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { decodeBase64 } from './schemes/base64.ts';
import type { PasswordRecord, Scheme, StoredText } from './schemes/scheme.ts';

const letters = '0123456789abcdefghjkmnpqrstvwxyz';
const lettersInText = 28;
const lettersInGroup = 4;
const saltOctets = 16;
const digestOctets = 32;

export interface AppPassword {
  /** What the person gets to see, once: `xxxx-xxxx-xxxx-xxxx-xxxx-xxxx-xxxx`. */
  readonly text: string;
  /** What is stored. */
  readonly stored: string;
}

function digestOf(salt: Uint8Array, canonical: string): Buffer {
  return createHash('sha256').update(salt).update(canonical).digest();
}

/** A new app password. */
export function makeAppPassword(): AppPassword {
  // The low five bits of an octet are as random as the octet.
  const canonical = Array.from(randomBytes(lettersInText), (octet) => letters[octet & 31]).join('');
  const groups: string[] = [];
  for (let at = 0; at < lettersInText; at += lettersInGroup) {
    groups.push(canonical.slice(at, at + lettersInGroup));
  }
  const salt = randomBytes(saltOctets);
  const stored = Buffer.concat([digestOf(salt, canonical), salt]).toString('base64');
  return { text: groups.join('-'), stored: `{APP}${stored}` };
}

/**
 * The letters of an app password that was typed; null when it cannot be one. Spaces, dashes and case do not
 * count, `o` is read as 0, `i` and `l` as 1.
 */
function canonicalAppPassword(secret: Uint8Array): string | null {
  // Twice the letters: room for a separator after each.
  if (secret.length < lettersInText || secret.length > 2 * lettersInText) return null;
  const typed = Buffer.from(secret)
    .toString('latin1')
    .replace(/[ -]/g, '')
    .toLowerCase()
    .replaceAll('o', '0')
    .replace(/[il]/g, '1');
  return /^[0-9a-hjkmnp-tv-z]{28}$/.test(typed) ? typed : null;
}

function read({ encoding, body }: StoredText): PasswordRecord | null {
  const range = { min: digestOctets + saltOctets, max: digestOctets + saltOctets };
  const decoded = encoding === null ? decodeBase64(body, range) : null;
  if (decoded === null) return null;
  const digest = decoded.subarray(0, digestOctets);
  const salt = decoded.subarray(digestOctets);
  return {
    scheme: 'app',
    weight: 'app',
    outdated: () => false,
    verify: async (secret) => {
      const typed = canonicalAppPassword(secret);
      return typed !== null && timingSafeEqual(digestOf(salt, typed), digest);
    },
  };
}

export const appPassword: Scheme = { names: ['APP'], read };
