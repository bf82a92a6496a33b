/**
 * Makes the hash that is stored for a new password.
 *
 * Never: keeps, logs or puts the secret into an error.
 */

import { secretOctetsMax } from './limits.ts';
import { hasControlCharacter, preparedSecret } from './prepared-secret.ts';
import { argon2Costs, boundedCosts, hashArgon2id } from './schemes/argon2.ts';
import type { Argon2Costs } from './schemes/index.ts';

/**
 * The stored form of a secret: an argon2id PHC string of its prepared form, by default with m=19456,
 * t=2, p=1.
 *
 * @throws RangeError when the secret has a control character, when it or its prepared form is empty or
 *   longer than `secretOctetsMax`, or when the costs are out of bounds, because such a one could never
 *   be verified.
 */
export async function hashPassword(
  secret: Uint8Array,
  costs: Argon2Costs = argon2Costs,
): Promise<string> {
  const prepared = preparedSecret(secret);
  for (const { length } of [secret, prepared]) {
    if (length === 0 || length > secretOctetsMax) {
      throw new RangeError(`a secret has 1 to ${secretOctetsMax} octets`);
    }
  }
  if (hasControlCharacter(secret)) throw new RangeError('a secret has no control characters');
  return hashArgon2id(prepared, boundedCosts(costs));
}
