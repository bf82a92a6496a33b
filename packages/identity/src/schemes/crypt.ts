/**
 * The hashes of crypt(3) that are computed in JavaScript: SHA512-CRYPT `$6$`, SHA256-CRYPT `$5$` and
 * MD5-CRYPT `$1$`. Read so that nobody has to be given a new password; none is ever made.
 *
 * Never: computes one in place; thousands of rounds would hold up every client of the thread.
 *
 * Rules: Drepper, "Unix crypt using SHA-256 and SHA-512"; crypt(5).
 */

import { timingSafeEqual } from 'node:crypto';
import type { CryptAlgorithm } from '../crypt/crypt-job.ts';
import { shaCryptRoundsMax, shaCryptRoundsMin } from '../limits.ts';
import type { PasswordRecord, Scheme, StoredText } from './scheme.ts';

/** Rounds of a string that names none. */
const shaCryptRoundsDefault = 5000;

// A salt is whatever is between the dollar signs; only what a passwd file could not hold is refused.
const sha =
  /^\$[56]\$(?:rounds=([1-9]\d{0,8})\$)?([!-#%-9;-~]{1,16})\$([./0-9A-Za-z]{43}|[./0-9A-Za-z]{86})$/;
const md5 = /^\$1\$([!-#%-9;-~]{1,8})\$([./0-9A-Za-z]{22})$/;

const digestCharacters = { sha512: 86, sha256: 43, md5: 22 } as const;

interface CryptRecord {
  readonly algorithm: CryptAlgorithm;
  readonly rounds: number;
  readonly salt: string;
  readonly digest: string;
}

function recordOf({ algorithm, rounds, salt, digest }: CryptRecord): PasswordRecord | null {
  if (digest.length !== digestCharacters[algorithm]) return null;
  const expected = Buffer.from(digest, 'latin1');
  return {
    scheme: `${algorithm}-crypt`,
    weight: algorithm === 'md5' ? 'cheap' : 'costly',
    outdated: () => true,
    verify: async (secret, crypt) => {
      const computed = await crypt.compute({ algorithm, secret, salt, rounds });
      return timingSafeEqual(Buffer.from(computed, 'latin1'), expected);
    },
  };
}

function readSha({ name, body }: StoredText): PasswordRecord | null {
  const match = sha.exec(body);
  if (match === null) return null;
  const rounds = match[1] === undefined ? shaCryptRoundsDefault : Number(match[1]);
  if (rounds < shaCryptRoundsMin || rounds > shaCryptRoundsMax) return null;
  const algorithm = name === '$6$' ? 'sha512' : 'sha256';
  return recordOf({ algorithm, rounds, salt: match[2] ?? '', digest: match[3] ?? '' });
}

function readMd5({ body }: StoredText): PasswordRecord | null {
  const match = md5.exec(body);
  if (match === null) return null;
  return recordOf({ algorithm: 'md5', rounds: 1000, salt: match[1] ?? '', digest: match[2] ?? '' });
}

export const shaCrypt: Scheme = { names: ['$5$', '$6$'], read: readSha };
export const md5Crypt: Scheme = { names: ['$1$'], read: readMd5 };
