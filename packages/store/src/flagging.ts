/**
 * QUIT with deletions: one statement, and what to do when its answer is lost.
 *
 * sent -> flagged, or lock lost (known: the statement ran and found another token), or unknown
 * (connection lost, time-out). Unknown is settled by the receipt, which is written in the same
 * transaction: it is there -> flagged; it is not and the lock is still held under our token -> the
 * statement is sent again, which is safe, since the token lets only one of them through; neither ->
 * lock lost. A statement that is still running on a lost connection holds the row lock, so the
 * repeated one waits for it. This goes on for `settleMs`, then the caller is told that it is not
 * known.
 *
 * Never: `flagged` before the commit is acknowledged; a message flagged that was not asked for.
 */

import type { LinkPool } from './connection/pool.ts';
import type { FlagRequest, FlagResult } from './contract.ts';
import { StoreError, translateError } from './errors.ts';
import { flagMessagesMax, settleMs, settleRetryMaxMs, settleRetryMinMs } from './limits.ts';
import { confirmReceipt } from './statements/confirm-receipt.ts';
import { flagMessages } from './statements/flag-messages.ts';
import { realWorld, sleep, type World, within } from './world.ts';

export class Flagging {
  /** Flags whose first answer was lost. */
  unsettled = 0;

  readonly #pool: LinkPool;
  readonly #settleMs: number;
  readonly #world: World;

  constructor(pool: LinkPool, settleForMs: number = settleMs, world: World = realWorld) {
    this.#pool = pool;
    this.#world = world;
    this.#settleMs = settleForMs;
  }

  /** Rejects with a StoreError: OUTCOME_UNKNOWN, or a failure that changed nothing. */
  async flag(request: FlagRequest): Promise<FlagResult> {
    if (request.messageIds.length > flagMessagesMax) {
      throw new StoreError('INVALID', 'too many messages to flag at once');
    }
    try {
      return await this.#flagOrFind(request);
    } catch (error) {
      if (!mayHaveHappened(error)) throw error;
      this.unsettled += 1;
      return this.#settle(request, error);
    }
  }

  async #flagOrFind(request: FlagRequest): Promise<FlagResult> {
    const [messages] = await this.#pool.run(flagMessages, request);
    if (messages !== undefined) return { kind: 'flagged', messages };
    // No row released: either someone else has the lock, or an earlier attempt of ours succeeded.
    return (await this.#find(request)) ?? { kind: 'lock-lost' };
  }

  async #find(request: FlagRequest): Promise<FlagResult | null> {
    const [messages] = await this.#pool.run(confirmReceipt, request);
    return messages === undefined ? null : { kind: 'flagged', messages };
  }

  async #settle(request: FlagRequest, cause: unknown): Promise<FlagResult> {
    const until = this.#world.nowMs() + this.#settleMs;
    let last = cause;
    for (let pauseMs = settleRetryMinMs; ; pauseMs = Math.min(pauseMs * 2, settleRetryMaxMs)) {
      const leftMs = until - this.#world.nowMs();
      if (leftMs <= 0) break;
      await sleep(this.#world, Math.min(pauseMs, leftMs));
      try {
        const found = this.#find(request).then((result) => result ?? this.#flagOrFind(request));
        const ms = Math.max(until - this.#world.nowMs(), settleRetryMaxMs);
        return await within(this.#world, { ms, late: tooSlow }, found);
      } catch (error) {
        if (!mayHaveHappened(error)) throw error;
        last = error;
      }
    }
    throw new StoreError('OUTCOME_UNKNOWN', 'whether the messages were flagged is not known', last);
  }
}

/** A commit that waits for a standby that is gone has no time-out in the server. */
function tooSlow(): StoreError {
  return new StoreError('STORE_TIMEOUT', 'the receipt could not be looked for in time');
}

function mayHaveHappened(error: unknown): boolean {
  return translateError(error).error.retryable;
}
