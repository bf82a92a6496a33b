/**
 * Removes what nobody needs any more: flagged messages in bounded batches, at once again while there
 * is more; owners whose lease is long over and receipts of old QUITs now and then.
 *
 * One round runs at a time, so a slow database slows the loop and nothing else. A round that fails is
 * reported once and tried again after the usual pause: nothing waits for a purge.
 *
 * Never: two rounds at once; a pause that keeps the thread from ending.
 */

export interface PurgeWork {
  /** Purges one batch; how many messages it removed and whether there may be more. */
  readonly purge: () => Promise<{ readonly purged: number; readonly more: boolean }>;
  /** Removes dead owners and old receipts. */
  readonly tidy: () => Promise<void>;
  readonly purged: (messages: number) => void;
  readonly failed: (error: unknown) => void;
}

export interface PurgeTiming {
  readonly purgeIntervalMs: number;
  readonly housekeepingIntervalMs: number;
}

export class PurgeLoop {
  readonly #work: PurgeWork;
  readonly #timing: PurgeTiming;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #stopped = false;
  #tidiedAtMs: number | undefined;

  constructor(work: PurgeWork, timing: PurgeTiming) {
    this.#work = work;
    this.#timing = timing;
  }

  start(): void {
    this.#schedule(0);
  }

  /** Resolves when the batch in hand is done; no other is begun. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#round;
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#runRound();
    }, delayMs);
  }

  async #runRound(): Promise<void> {
    let delayMs = this.#timing.purgeIntervalMs;
    try {
      const { purged, more } = await this.#work.purge();
      this.#work.purged(purged);
      if (more) delayMs = 0;
      await this.#tidyIfDue();
    } catch (error) {
      this.#work.failed(error);
    }
    this.#schedule(delayMs);
  }

  async #tidyIfDue(): Promise<void> {
    const nowMs = performance.now();
    const dueAtMs = (this.#tidiedAtMs ?? -Infinity) + this.#timing.housekeepingIntervalMs;
    if (this.#stopped || nowMs < dueAtMs) return;
    this.#tidiedAtMs = nowMs;
    await this.#work.tidy();
  }
}
