/**
 * Releases locks, many at once, and makes sure that one whose release fails is free all the same.
 *
 * A release is queued -> in a batch -> released, or skipped because its row was locked at that
 * moment, or not heard of. A skipped one is tried again with doubling pauses, a bounded number of
 * times. What then remains, and what was not heard of, is freed by a new epoch of the owner
 * (lock-keeper.ts): it begins with the next connection if the connection was lost, else it is asked
 * for here, once for all that need it, until it is there.
 *
 * Never: a rejection; a release without the token; more releases waiting than the queue's bound.
 */

import type { BatchPulse } from './connection/batch-pulse.ts';
import { BatchQueue } from './connection/batch-queue.ts';
import type { ShortLine } from './connection/short-line.ts';
import type { MailboxId } from './contract.ts';
import { batchQueueMax, closeAttemptsMax, closeRetryMaxMs, closeRetryMinMs } from './limits.ts';
import type { LockKeeper } from './lock-keeper.ts';
import { findHeldLocks } from './statements/find-held-locks.ts';
import { type HeldLock, releaseLocks } from './statements/release-locks.ts';
import { sleep, type World } from './world.ts';

type Released = 'released' | 'skipped' | 'unknown';

export interface ClosingParts {
  readonly line: ShortLine;
  readonly keeper: LockKeeper;
  readonly pulse: BatchPulse;
  readonly world: World;
}

export class Closing {
  readonly queue: BatchQueue<HeldLock, Released>;
  /** Releases that were left to a new epoch. */
  abandoned = 0;

  readonly #line: ShortLine;
  readonly #keeper: LockKeeper;
  readonly #world: World;
  readonly #background = new Set<Promise<void>>();
  readonly #ended = new AbortController();
  #renewing = false;
  /** Epochs asked for up to here may have taken an abandoned lock along. */
  #tooEarly = 0;

  constructor({ line, keeper, pulse, world }: ClosingParts) {
    this.#line = line;
    this.#world = world;
    this.#keeper = keeper;
    this.queue = new BatchQueue({ send: (locks) => this.#send(locks), pulse, world });
  }

  /** Resolves when the lock is released, was not held, or is left to the background. */
  async close(mailboxId: MailboxId, token: string): Promise<void> {
    this.#keeper.forget(token);
    const lock = { mailboxId, token };
    const released = await this.#attempt(lock);
    if (released === 'skipped' && this.#background.size < batchQueueMax) {
      this.#inBackground(this.#closeLater(lock));
    } else if (released !== 'released') {
      this.#abandon();
    }
  }

  /** Waits for what is under way; later attempts are not made. */
  async end(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#background);
  }

  async #closeLater(lock: HeldLock): Promise<void> {
    let pauseMs = closeRetryMinMs;
    for (let attempt = 1; attempt < closeAttemptsMax; attempt += 1) {
      if (!(await this.#pause(pauseMs))) return;
      const released = await this.#attempt(lock);
      if (released === 'released') return;
      if (released === 'unknown') break;
      pauseMs = Math.min(pauseMs * 2, closeRetryMaxMs);
    }
    this.#abandon();
  }

  #abandon(): void {
    this.abandoned += 1;
    this.#tooEarly = this.#keeper.asked;
    if (this.#renewing || this.#ended.signal.aborted) return;
    this.#renewing = true;
    this.#inBackground(
      this.#renewEpoch().finally(() => {
        this.#renewing = false;
      }),
    );
  }

  async #renewEpoch(): Promise<void> {
    for (let pauseMs = closeRetryMinMs; ; pauseMs = Math.min(pauseMs * 2, closeRetryMaxMs)) {
      if (!(await this.#pause(pauseMs))) return;
      // A connection made meanwhile may have begun one.
      if (this.#isFree) return;
      try {
        await this.#keeper.begin(await this.#line.connected());
      } catch {
        // The line was lost: the next one begins an epoch itself, which is looked for above.
      }
      if (this.#isFree) return;
    }
  }

  /** Whether an epoch was begun after everything that was abandoned had been forgotten. */
  get #isFree(): boolean {
    return this.#keeper.settled > this.#tooEarly;
  }

  async #attempt(lock: HeldLock): Promise<Released> {
    try {
      return await this.queue.submit(lock);
    } catch {
      return 'unknown';
    }
  }

  async #send(locks: readonly HeldLock[]): Promise<Released[]> {
    const released = new Set(await this.#line.run(releaseLocks, locks));
    const others = locks.filter(({ token }) => !released.has(token));
    if (others.length === 0) return locks.map(() => 'released');
    const held = new Set(await this.#line.run(findHeldLocks, others));
    return locks.map(({ token }) => (held.has(token) ? 'skipped' : 'released'));
  }

  /** False when the store is closing. */
  async #pause(pauseMs: number): Promise<boolean> {
    const { signal } = this.#ended;
    await sleep(this.#world, pauseMs, signal);
    return !signal.aborted;
  }

  #inBackground(work: Promise<void>): void {
    const tracked = work.finally(() => this.#background.delete(tracked));
    this.#background.add(tracked);
  }
}
