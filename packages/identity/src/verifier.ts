/**
 * Answers whether a secret matches a stored hash, and protects the node from being asked too often.
 *
 * Theory of operation. A verification is *running* (at most `concurrencyMax`), *waiting* (at most
 * `queueMax`, first come first served) or *refused* at once with 'overloaded'. Whoever finishes hands
 * its place to the longest waiting one. An unknown user, an empty secret and an unusable record take the
 * same way as a wrong password: through the same queue and one argon2 computation, against a dummy
 * record. So neither the reply nor its delay tells which names exist, as long as the stored hashes
 * have the costs of new ones.
 *
 * Never: throws or rejects because of a record or a secret; remembers either of them.
 *
 * Rules: RFC 1939 §13 and RFC 9051 §11.7 warn of the oracle; the bounds are in `limits.ts`.
 */

import { randomBytes } from 'node:crypto';
import { secretOctetsMax, verifyConcurrencyMax, verifyQueueMax } from './limits.ts';
import { preparedSecret } from './prepared-secret.ts';
import { argon2, argon2Costs } from './schemes/argon2.ts';
import { usableScheme } from './schemes/index.ts';

export type Verdict =
  /** The secret is the one that was hashed. */
  | 'match'
  /** It is not, or there is nothing stored to compare with. */
  | 'no-match'
  /** Too many verifications are waiting: a temporary failure, not a wrong password. */
  | 'overloaded'
  /** The stored hash is malformed, of no known scheme, or too expensive: an operator's matter. */
  | 'unusable';

export interface VerifierOptions {
  /** Verifications at the same time; `verifyConcurrencyMax` by default. */
  readonly concurrencyMax?: number;
  /** Verifications that may wait; `verifyQueueMax` by default. */
  readonly queueMax?: number;
}

/** A well-formed record whose digest nobody made: it matches no secret and costs what others cost. */
function dummyRecord(): string {
  const base64 = (octets: number) => randomBytes(octets).toString('base64').replaceAll('=', '');
  const { memoryKib, passes, lanes } = argon2Costs;
  const costs = `m=${memoryKib},t=${passes},p=${lanes}`;
  return `$argon2id$v=19$${costs}$${base64(16)}$${base64(32)}`;
}

/** Verifies secrets with bounded concurrency. One for each worker thread. */
export class Verifier {
  readonly #concurrencyMax: number;
  readonly #queueMax: number;
  readonly #dummy = dummyRecord();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: VerifierOptions = {}) {
    this.#concurrencyMax = options.concurrencyMax ?? verifyConcurrencyMax;
    this.#queueMax = options.queueMax ?? verifyQueueMax;
    if (this.#concurrencyMax < 1 || this.#queueMax < 0) {
      throw new RangeError('a verifier runs at least one and queues at least none');
    }
  }

  /** Verifications that are running now. */
  get running(): number {
    return this.#running;
  }

  /** Verifications that wait for a place. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Verifies `secret` against what is stored; `stored` is null for a name that is unknown or may not
   * log in, and costs the same. Never rejects.
   */
  async verify(secret: Uint8Array, stored: string | null): Promise<Verdict> {
    if (this.#running < this.#concurrencyMax) {
      this.#running += 1;
    } else if (this.#waiting.length < this.#queueMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      return 'overloaded';
    }
    try {
      return await this.#compute(secret, stored);
    } finally {
      const next = this.#waiting.shift();
      // The place is handed over, so a newcomer cannot slip in between.
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  async #compute(secret: Uint8Array, stored: string | null): Promise<Verdict> {
    const scheme = stored === null ? null : usableScheme(stored);
    const acceptable = secret.length > 0 && secret.length <= secretOctetsMax;
    try {
      for (const form of acceptable ? formsOf(secret) : [new Uint8Array(1)]) {
        if (stored === null || scheme === null || !acceptable) {
          await argon2.verify(form, this.#dummy);
        } else if (await scheme.verify(form, stored)) return 'match';
      }
      return stored !== null && scheme === null ? 'unusable' : 'no-match';
    } catch {
      // What the library refuses after our own check.
      return 'unusable';
    }
  }
}

/** One form for most secrets, two at most. */
function formsOf(secret: Uint8Array): Uint8Array[] {
  const prepared = preparedSecret(secret);
  return prepared === secret || prepared.length > secretOctetsMax ? [secret] : [prepared, secret];
}
