/**
 * What every attempt passes that is not known to be right from the start: it waits as long as the
 * failures of its address want it to, and its own failure is counted.
 *
 * Never: a wait without a bound (throttle/limits.ts); a failure of ours counted as the client's.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Throttle } from '@poplar/identity';
import { type Claim, type LoginResult, type RefusalReason, refused } from './contract.ts';

/** What only somebody who does not know the secret is told. */
const guesses: ReadonlySet<RefusalReason> = new Set([
  'unknown-name',
  'wrong-secret',
  'no-such-credential',
  'bad-token',
  'bad-certificate',
]);

export class Admittance {
  readonly #throttle: Throttle;

  constructor(throttle: Throttle) {
    this.#throttle = throttle;
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
    if (!(await this.wait(claim))) return refused('throttled');
    const result = await verify();
    this.note(claim, secret, result);
    return result;
  }

  /** False when it has to be refused unseen. */
  async wait({ claimant, account }: Claim): Promise<boolean> {
    const source = { address: claimant.address, account };
    const assessment = this.#throttle.assess(source);
    if ('refused' in assessment) return false;
    const { waitMs } = assessment;
    if (waitMs <= 0) return true;
    await sleep(waitMs);
    return this.#throttle.stillWelcome(source, waitMs);
  }

  note({ claimant, account }: Claim, secret: Uint8Array | null, result: LoginResult): void {
    const source = { address: claimant.address, account };
    if (result.kind === 'opened') this.#throttle.succeeded(source);
    else if (guesses.has(result.reason)) this.#throttle.failed({ ...source, secret });
  }
}
