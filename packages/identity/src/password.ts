/**
 * Makes the hash that is stored for a new password.
 *
 * Never: keeps, logs or puts the secret into an error.
 */

import { secretOctetsMax } from './limits.ts';
import { hashArgon2id } from './schemes/argon2.ts';

/**
 * The stored form of a secret: an argon2id PHC string (m=19456, t=2, p=1).
 *
 * @throws RangeError when the secret is empty or longer than `secretOctetsMax`, because such a one
 *   could never be verified.
 */
export async function hashPassword(secret: Uint8Array): Promise<string> {
  if (secret.length === 0 || secret.length > secretOctetsMax) {
    throw new RangeError(`a secret has 1 to ${secretOctetsMax} octets`);
  }
  return hashArgon2id(secret);
}
