/**
 * What every attempt passes that is not known to be right from the start: it waits as long as the
 * failures of its address want it to, and its own failure is counted.
 *
 * Who waits keeps nothing but a timer, and is counted, for a client that is gone waits as well. When the
 * worker drains, they are refused at once: nobody who guesses can hold up the end of a node.
 *
 * Never: a wait without a bound (throttle/limits.ts); a failure of ours counted as the client's.
 */

import { addressPrefixes, type Throttle } from '@poplar/identity';
import type { Store } from '@poplar/store';
import { failuresToldMin, waitingAttemptsMax } from '../limits.ts';
import { type Claim, type LoginResult, type RefusalReason, refused } from './contract.ts';

/** What only somebody who does not know the secret is told. */
const guesses: ReadonlySet<RefusalReason> = new Set([
  'unknown-name',
  'wrong-secret',
  'no-such-credential',
  'bad-token',
  'bad-certificate',
  // Else a mailbox with a broken record could be told from a name that is not there.
  'unusable-record',
]);

export class Admittance {
  readonly #throttle: Throttle;
  readonly #events: Store['events'];
  /** Of those who wait: called with false, it ends the wait before its time. */
  readonly #waiting = new Set<(isOver: boolean) => void>();
  #isEnding = false;

  constructor(throttle: Throttle, events: Store['events']) {
    this.#throttle = throttle;
    this.#events = events;
  }

  /**
   * @param secret what was shown, for telling a repeat; null where a mechanism shows none
   * @param verify is called when the attempt may be looked at
   */
  async pass(
    claim: Claim,
    secret: Uint8Array | null,
    verify: () => Promise<LoginResult>,
  ): Promise<LoginResult> {
    if ((await this.wait(claim)) === null) return refused('throttled');
    if (claim.claimant.isGone()) return refused('client-gone');
    const result = await verify();
    this.note(claim, secret, result);
    return result;
  }

  /** How long it has waited, in milliseconds; null when it has to be refused unseen. */
  async wait(claim: Claim): Promise<number | null> {
    const { claimant, account } = claim;
    const assessment = this.#throttle.assess({ address: claimant.address, account });
    if ('refused' in assessment) return null;
    const { waitMs } = assessment;
    if (waitMs <= 0) return 0;
    return (await this.#sleep(waitMs)) && this.isWelcome(claim, waitMs) ? waitMs : null;
  }

  /** False when what it has waited is not enough any more, because others have failed meanwhile. */
  isWelcome({ claimant, account }: Claim, waitedMs: number): boolean {
    return this.#throttle.stillWelcome({ address: claimant.address, account }, waitedMs);
  }

  /** Refuses those who wait, and from now on those who would have to. */
  end(): void {
    this.#isEnding = true;
    for (const wake of this.#waiting) wake(false);
  }

  note(claim: Claim, secret: Uint8Array | null, result: LoginResult): void {
    const { claimant, account } = claim;
    const source = { address: claimant.address, account };
    if (result.kind === 'opened') this.#throttle.succeeded(source);
    else if (guesses.has(result.reason)) {
      const isCounted = this.#throttle.failed({ ...source, secret });
      if (isCounted && this.#events.wantsFailedLogins) this.#tell(claim);
    }
  }

  /** Of a name or an address that has failed often lately, on all nodes together. */
  #tell({ claimant, account, names }: Claim): void {
    const { address, account: ofAccount } = this.#throttle.failuresOf({
      ...{ address: claimant.address, account },
    });
    const client = addressPrefixes(claimant.address).host;
    if (address >= failuresToldMin) {
      this.#events.loginsFailed({ name: null, client, failures: Math.round(address) });
    }
    if (names !== null && ofAccount >= failuresToldMin) {
      this.#events.loginsFailed({ name: names.actor, client, failures: Math.round(ofAccount) });
    }
  }

  async #sleep(waitMs: number): Promise<boolean> {
    if (this.#isEnding || this.#waiting.size >= waitingAttemptsMax) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(true), waitMs);
    this.#waiting.add(resolve);
    const isOver = await promise;
    this.#waiting.delete(resolve);
    clearTimeout(timer);
    return isOver;
  }
}
