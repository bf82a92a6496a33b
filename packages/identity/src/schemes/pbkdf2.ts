/**
 * PBKDF2 strings of other systems: Dovecot's, whose salt is used as it is written, and passlib's,
 * which OpenLDAP writes with a name in braces.
 *
 * Never: more iterations than `limits.ts` allows, or a digest of another length than its hash, which
 * would multiply them.
 *
 * Rules: RFC 8018 §5.2; Dovecot's `password-scheme-pbkdf2.c`; passlib's `pbkdf2_*`, with a dot for
 * the plus sign of BASE64.
 */

import { pbkdf2 as computePbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import {
  pbkdf2CheapIterationsMax,
  pbkdf2IterationsMax,
  pbkdf2SaltCharactersMax,
  saltOctets,
} from '../limits.ts';
import { decodeBase64, decodeHex, type OctetRange } from './base64.ts';
import type { PasswordRecord, Scheme, StoredText } from './scheme.ts';

const derive = promisify(computePbkdf2);

const hashes = { sha1: 20, sha256: 32, sha512: 64 } as const;
type Hash = keyof typeof hashes;

const dovecot = /^\$1\$([!-#%-9;-~]+)\$([1-9]\d{0,6})\$([0-9A-Fa-f]{40})$/;
const passlib = /^([1-9]\d{0,6})\$([A-Za-z0-9./]+)\$([A-Za-z0-9./]+)$/;

const hashNamed: Readonly<Record<string, Hash>> = {
  PBKDF2: 'sha1',
  'PBKDF2-SHA1': 'sha1',
  'PBKDF2-SHA256': 'sha256',
  'PBKDF2-SHA512': 'sha512',
  $pbkdf2$: 'sha1',
  '$pbkdf2-sha256$': 'sha256',
  '$pbkdf2-sha512$': 'sha512',
};

interface Derivation {
  readonly hash: Hash;
  readonly iterations: number;
  readonly salt: Buffer | null;
  readonly digest: Buffer | null;
}

function recordOf({ hash, iterations, salt, digest }: Derivation): PasswordRecord | null {
  if (salt === null || digest === null || iterations > pbkdf2IterationsMax) return null;
  return {
    scheme: `pbkdf2-${hash}`,
    weight: iterations > pbkdf2CheapIterationsMax ? 'costly' : 'cheap',
    outdated: () => true,
    verify: async (secret) =>
      timingSafeEqual(await derive(secret, salt, iterations, digest.length, hash), digest),
  };
}

function read({ name, encoding, body }: StoredText): PasswordRecord | null {
  const hash = hashNamed[name];
  if (hash === undefined || encoding !== null) return null;
  const octets: OctetRange = { min: hashes[hash], max: hashes[hash] };
  const own = name === 'PBKDF2' ? dovecot.exec(body) : null;
  if (own !== null) {
    const salt = own[1] ?? '';
    if (salt.length > pbkdf2SaltCharactersMax) return null;
    return recordOf({
      hash,
      iterations: Number(own[2]),
      salt: Buffer.from(salt, 'latin1'),
      digest: decodeHex(own[3] ?? '', octets),
    });
  }
  const match = passlib.exec(body.startsWith(name) ? body.slice(name.length) : body);
  if (match === null) return null;
  const decode = (text = '', range = octets) => decodeBase64(text.replaceAll('.', '+'), range);
  return recordOf({
    hash,
    iterations: Number(match[1]),
    salt: decode(match[2], saltOctets),
    digest: decode(match[3]),
  });
}

export const pbkdf2: Scheme = { names: Object.keys(hashNamed), read };
