/**
 * What a password scheme is: a row that reads stored strings, and what it reads.
 *
 * Never: a computation in `read`; a cost in a record that `read` did not bound.
 */

import type { CryptJob } from '../crypt/crypt-job.ts';

/** What a new argon2id hash costs. */
export interface Argon2Costs {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

/** Where the slow hashes that exist only in JavaScript are computed. */
export interface CryptComputer {
  /** The digest in the letters of crypt(3). Rejects with `CryptUnavailable`. */
  readonly compute: (job: CryptJob) => Promise<string>;
}

export interface PasswordRecord {
  readonly scheme: string;
  /**
   * `app`: microseconds, in place. `cheap`: so little that a dummy argon2 has to hide it. `costly`:
   * about an argon2 or more. `scram`: made for SCRAM; a password is compared with it only when there
   * is nothing else.
   */
  readonly weight: 'app' | 'cheap' | 'costly' | 'scram';
  /** Whether a hash with these costs would be better. */
  readonly outdated: (costs: Argon2Costs) => boolean;
  /** Whether the secret is the one that was hashed. May reject. */
  readonly verify: (secret: Uint8Array, crypt: CryptComputer) => Promise<boolean>;
}

/** A stored string taken apart: `{SSHA256.HEX}body`, or `$6$salt$digest` whose name is `$6$`. */
export interface StoredText {
  readonly name: string;
  readonly encoding: 'hex' | 'base64' | null;
  /** After the braces; all of it when it begins with a dollar sign. */
  readonly body: string;
}

export interface Scheme {
  /** The names it reads: in upper case for those in braces, `$6$` for those in dollar signs. */
  readonly names: readonly string[];
  /** Null when it is malformed or asks for too much. Never throws. */
  readonly read: (text: StoredText) => PasswordRecord | null;
}
