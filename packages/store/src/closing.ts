/**
 * Releases locks, many at once, and does not give up at the first failure.
 *
 * A release is queued -> in a batch -> done, or not heard of, or skipped because its row was locked
 * at that moment; the latter two are tried again in the background with doubling pauses, a bounded
 * number of times. What remains then is freed by the end of the owner's lease or by the next flag
 * that waits for it.
 *
 * Never: a rejection; a release without the token; more releases waiting than the queue's bound.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { BatchQueue } from './connection/batch-queue.ts';
import type { ShortLine } from './connection/short-line.ts';
import type { MailboxId } from './contract.ts';
import { batchQueueMax, closeAttemptsMax, closeRetryMaxMs, closeRetryMinMs } from './limits.ts';
import { findHeldLocks } from './statements/find-held-locks.ts';
import { type HeldLock, releaseLocks } from './statements/release-locks.ts';

export class Closing {
  readonly queue: BatchQueue<HeldLock, boolean>;
  /** Releases that were given up. */
  abandoned = 0;

  readonly #line: ShortLine;
  readonly #retrying = new Set<Promise<void>>();
  #ended = new AbortController();

  constructor(line: ShortLine) {
    this.#line = line;
    this.queue = new BatchQueue({ send: (locks) => this.#send(locks) });
  }

  /** Resolves when the lock is released, was not held, or is left to the background. */
  async close(mailboxId: MailboxId, token: string): Promise<void> {
    const lock = { mailboxId, token };
    if (await this.#attempt(lock)) return;
    if (this.#retrying.size >= batchQueueMax) {
      this.abandoned += 1;
      return;
    }
    const retry = this.#closeLater(lock).finally(() => this.#retrying.delete(retry));
    this.#retrying.add(retry);
  }

  /** Waits for what is under way; later attempts are not made. */
  async end(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#retrying);
  }

  async #closeLater(lock: HeldLock): Promise<void> {
    let pauseMs = closeRetryMinMs;
    for (let attempt = 1; attempt < closeAttemptsMax; attempt += 1) {
      try {
        await sleep(pauseMs, undefined, { signal: this.#ended.signal, ref: false });
      } catch {
        break;
      }
      if (await this.#attempt(lock)) return;
      pauseMs = Math.min(pauseMs * 2, closeRetryMaxMs);
    }
    this.abandoned += 1;
  }

  async #attempt(lock: HeldLock): Promise<boolean> {
    try {
      return await this.queue.submit(lock);
    } catch {
      return false;
    }
  }

  async #send(locks: readonly HeldLock[]): Promise<boolean[]> {
    const released = new Set(await this.#line.run(releaseLocks, locks));
    const others = locks.filter(({ token }) => !released.has(token));
    if (others.length === 0) return locks.map(() => true);
    const held = new Set(await this.#line.run(findHeldLocks, others));
    return locks.map(({ token }) => !held.has(token));
  }
}
