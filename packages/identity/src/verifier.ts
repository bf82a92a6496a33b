/**
 * Answers whether a secret matches one of the stored hashes of a mailbox, and protects the node from
 * being asked too often.
 *
 * Theory of operation. App passwords are compared at once: microseconds, no place needed. All else is
 * *running* (at most `concurrencyMax`), *waiting* (at most `queueMax`, sources in turn, see
 * `fair-queue.ts`) or *refused* with 'overloaded'. Whoever finishes hands its place to the next one. An
 * unknown user, an empty secret, unusable records and cheap hashes that did not match take the same
 * way as a wrong password: through the same queue and an argon2 computation, against a dummy record if there
 * is no other. So neither the reply nor its delay tells which names exist, as long as the stored hashes
 * have the costs of new ones.
 *
 * Never: throws or rejects because of a record or a secret; remembers either of them.
 *
 * Rules: RFC 1939 §13 and RFC 9051 §11.7 warn of the oracle; the bounds are in `limits.ts`.
 */

import { CryptThread, CryptUnavailable } from './crypt/crypt-thread.ts';
import { FairQueue } from './fair-queue.ts';
import {
  secretOctetsMax,
  verifyAppPasswordsMax,
  verifyConcurrencyMax,
  verifyPasswordsMax,
  verifyQueueMax,
  verifyQueuePerSourceMax,
} from './limits.ts';
import { preparedSecret } from './prepared-secret.ts';
import { argon2Costs, boundedCosts, dummyArgon2id } from './schemes/argon2.ts';
import { type Argon2Costs, type PasswordRecord, readStored } from './schemes/index.ts';

export type Verdict =
  /** The secret is the one that was hashed. */
  | 'match'
  /** It is not, or there is nothing stored to compare with. */
  | 'no-match'
  /** Too many verifications are waiting: a temporary failure, not a wrong password. */
  | 'overloaded'
  /** None of the stored hashes can be compared with: malformed, of no known scheme, or too expensive. */
  | 'unusable';

export interface Verification {
  readonly verdict: Verdict;
  /** Which of the stored hashes matched; -1 when none did. */
  readonly index: number;
  /** Whether the hash that matched should be replaced by a new one of the same secret. */
  readonly rehash: boolean;
}

export interface VerifierOptions {
  /** Verifications at the same time; `verifyConcurrencyMax` by default. */
  readonly concurrencyMax?: number;
  /** Verifications that may wait; `verifyQueueMax` by default. */
  readonly queueMax?: number;
  /** Of them, those of one source; `verifyQueuePerSourceMax` by default. */
  readonly queuePerSourceMax?: number;
  /** What a new hash costs. */
  readonly argon2?: Argon2Costs;
}

interface Candidate {
  readonly index: number;
  readonly record: PasswordRecord;
}

interface Candidates {
  readonly appPasswords: readonly Candidate[];
  readonly passwords: readonly Candidate[];
  /** Something is stored, but nothing that can be compared with. */
  readonly isUnusable: boolean;
}

/** One form for most secrets, two at most. */
function formsOf(secret: Uint8Array): Uint8Array[] {
  const prepared = preparedSecret(secret);
  return prepared === secret || prepared.length > secretOctetsMax ? [secret] : [prepared, secret];
}

const noMatch: Verification = { verdict: 'no-match', index: -1, rehash: false };
const overloaded: Verification = { verdict: 'overloaded', index: -1, rehash: false };
const unusable: Verification = { verdict: 'unusable', index: -1, rehash: false };

function candidatesOf(stored: readonly string[]): Candidates {
  const all: Candidate[] = [];
  const looked = stored.slice(0, verifyAppPasswordsMax + verifyPasswordsMax);
  for (const [index, text] of looked.entries()) {
    const reading = readStored(text);
    if (reading.kind === 'record') all.push({ index, record: reading.record });
  }
  const ofWeight = (isIt: (weight: PasswordRecord['weight']) => boolean) =>
    all.filter(({ record }) => isIt(record.weight));
  const hashes = ofWeight((weight) => weight === 'cheap' || weight === 'costly');
  // A SCRAM secret beside a hash is of the same password, and would only make a wrong one take longer.
  const passwords = hashes.length > 0 ? hashes : ofWeight((weight) => weight === 'scram');
  return {
    appPasswords: ofWeight((weight) => weight === 'app').slice(0, verifyAppPasswordsMax),
    passwords: passwords.slice(0, verifyPasswordsMax),
    isUnusable: stored.length > 0 && all.length === 0,
  };
}

/** Verifies secrets with bounded concurrency. One for each worker thread. */
export class Verifier {
  readonly #concurrencyMax: number;
  readonly #costs: Argon2Costs;
  readonly #dummy: PasswordRecord;
  readonly #crypt = new CryptThread();
  readonly #waiting: FairQueue<(isGranted: boolean) => void>;
  #running = 0;

  constructor(options: VerifierOptions = {}) {
    this.#concurrencyMax = options.concurrencyMax ?? verifyConcurrencyMax;
    const max = options.queueMax ?? verifyQueueMax;
    const perSourceMax = options.queuePerSourceMax ?? verifyQueuePerSourceMax;
    if (this.#concurrencyMax < 1 || max < 0 || perSourceMax < 0) {
      throw new RangeError('a verifier runs at least one and queues at least none');
    }
    this.#waiting = new FairQueue({ max, perSourceMax });
    this.#costs = boundedCosts(options.argon2 ?? argon2Costs);
    const dummy = readStored(dummyArgon2id(this.#costs));
    if (dummy.kind !== 'record') throw new RangeError('the dummy record is not usable');
    this.#dummy = dummy.record;
  }

  /** Verifications that are running now. */
  get running(): number {
    return this.#running;
  }

  /** Verifications that wait for a place. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Verifies `secret` against all that is stored for a name; nothing is stored for one that is unknown
   * or may not log in, and that costs the same. `source` is whom to be fair to, such as the client's
   * network. Never rejects.
   */
  async verify(
    secret: Uint8Array,
    stored: readonly string[],
    source: string,
  ): Promise<Verification> {
    const candidates = candidatesOf(stored);
    const isAcceptable = secret.length > 0 && secret.length <= secretOctetsMax;
    const forms = isAcceptable ? formsOf(secret) : [];
    if (candidates.appPasswords.length > 0) {
      for (const form of forms) {
        const verification = await this.#compare(form, candidates.appPasswords);
        if (verification !== null) return verification;
      }
    }
    if (!(await this.#place(source))) return overloaded;
    try {
      return await this.#compute(forms, candidates);
    } catch (error) {
      // Either the thread was lost, or a library refuses what our own check let through.
      return error instanceof CryptUnavailable ? overloaded : unusable;
    } finally {
      const next = this.#waiting.shift();
      // The place is handed over, so a newcomer cannot slip in between.
      if (next === undefined) this.#running -= 1;
      else next(true);
    }
  }

  /** Ends the thread for the hashes of crypt(3); such a hash is 'overloaded' from then on. */
  end(): Promise<void> {
    return this.#crypt.end();
  }

  /** Waits for a place; false when there is none to wait for. */
  async #place(source: string): Promise<boolean> {
    if (this.#running < this.#concurrencyMax) {
      this.#running += 1;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.push(source, resolve)?.(false);
    return promise;
  }

  /** Every form costs what a wrong password costs, or more; none costs that, too. */
  async #compute(forms: readonly Uint8Array[], candidates: Candidates): Promise<Verification> {
    const { passwords, isUnusable } = candidates;
    const isCostly = passwords.some(({ record }) => record.weight === 'costly');
    for (const form of forms) {
      const verification = await this.#compare(form, passwords);
      if (verification !== null) return verification;
      if (!isCostly) await this.#dummy.verify(form, this.#crypt);
    }
    if (forms.length === 0) await this.#dummy.verify(new Uint8Array(1), this.#crypt);
    return isUnusable ? unusable : noMatch;
  }

  async #compare(
    secret: Uint8Array,
    candidates: readonly Candidate[],
  ): Promise<Verification | null> {
    let failure: unknown = null;
    for (const { index, record } of candidates) {
      try {
        if (await record.verify(secret, this.#crypt)) {
          return { verdict: 'match', index, rehash: record.outdated(this.#costs) };
        }
      } catch (error) {
        // One record that fails says nothing about the others.
        failure ??= error;
      }
    }
    if (failure !== null) throw failure;
    return null;
  }
}
