/**
 * Bcrypt strings of other systems: `$2a$`, `$2b$` and `$2y$`, which are one computation.
 *
 * Never: `$2x$`, the name of hashes that a faulty crypt(3) made; a cost of 2^31; a secret with NUL,
 * which ended a C string when the hash was made and repeats the key here.
 *
 * Rules: Provos and Mazieres, "A Future-Adaptable Password Scheme"; crypt(5). Octets after the 72nd
 * do not count, as everywhere.
 */

import { verify } from '@node-rs/bcrypt';
import { bcryptCostMax } from '../limits.ts';
import type { PasswordRecord, Scheme, StoredText } from './scheme.ts';

const bcryptCostMin = 4;

/** The last letter of the salt holds two bits, that of the digest four. */
const crypt = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[./A-Za-z0-9]$/;

function read({ body }: StoredText): PasswordRecord | null {
  const match = crypt.exec(body);
  if (match === null) return null;
  const cost = Number(match[1]);
  if (cost < bcryptCostMin || cost > bcryptCostMax) return null;
  return {
    scheme: 'bcrypt',
    weight: 'costly',
    outdated: () => true,
    verify: async (secret) => (await verify(secret, body)) && !secret.includes(0),
  };
}

export const bcrypt: Scheme = { names: ['$2a$', '$2b$', '$2y$'], read };
