/**
 * What is stored of a new password: its hash, and its SCRAM secrets where SCRAM is offered; and what is
 * wrong with one that nobody could log in with.
 *
 * Never: a SCRAM secret where nobody asked for SCRAM: it is cheaper to guess by than the hash; the
 * password in what is said about it.
 */

import { secretOctetsMax } from './limits.ts';
import { hashPassword } from './password.ts';
import { hasControlCharacter, preparedSecret } from './prepared-secret.ts';
import type { Argon2Costs } from './schemes/index.ts';
import { makeScramSecret } from './scram.ts';

export interface PasswordRecords {
  readonly hash: string;
  readonly scramSha1: string | null;
  readonly scramSha256: string | null;
}

/** @throws RangeError when it can be nobody's password */
export async function makePasswordRecords(
  password: Uint8Array,
  { argon2, scram }: { readonly argon2: Argon2Costs; readonly scram: boolean },
): Promise<PasswordRecords> {
  const [hash, scramSha1, scramSha256] = await Promise.all([
    hashPassword(password, argon2),
    scram ? makeScramSecret({ hash: 'sha1', password }) : null,
    scram ? makeScramSecret({ hash: 'sha256', password }) : null,
  ]);
  return { hash, scramSha1, scramSha256 };
}

/** Why it can be nobody's password, to stand behind "the password"; null when it can be one. */
export function passwordProblem(secret: Uint8Array): string | null {
  if (secret.length === 0) return 'is empty';
  const octets = Math.max(secret.length, preparedSecret(secret).length);
  if (octets > secretOctetsMax) return `has more than ${secretOctetsMax} octets`;
  // PASS takes the rest of a line (RFC 1939 §7), PLAIN ends at NUL (RFC 4616 §2).
  if (secret.some((octet) => octet === 0 || octet === 0x0a || octet === 0x0d)) {
    return 'has a line end or NUL in it, which no client could send';
  }
  // RFC 8265 §4.2: a slip of the hand, more often than meant.
  if (hasControlCharacter(secret)) return 'has a control character in it, such as a tab';
  return null;
}
