/**
 * What is stored of a new password: its hash, and its SCRAM secrets where SCRAM is offered.
 *
 * Never: a SCRAM secret where nobody asked for SCRAM: it is cheaper to guess by than the hash.
 */

import { hashPassword, makeScramSecret } from '@poplar/identity';
import type { Config } from '@poplar/runtime';

export interface PasswordRecords {
  readonly hash: string;
  readonly scramSha1: string | null;
  readonly scramSha256: string | null;
}

/** @throws RangeError when it can be nobody's password */
export async function passwordRecords(
  password: Uint8Array,
  { argon2, scram }: Config['auth'],
): Promise<PasswordRecords> {
  const [hash, scramSha1, scramSha256] = await Promise.all([
    hashPassword(password, argon2),
    scram ? makeScramSecret({ hash: 'sha1', password }) : null,
    scram ? makeScramSecret({ hash: 'sha256', password }) : null,
  ]);
  return { hash, scramSha1, scramSha256 };
}
