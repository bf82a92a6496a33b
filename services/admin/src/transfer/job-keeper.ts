/**
 * Keeps a job alive for as long as a request works on it, and writes down how it ended. What a request leaves
 * without a word, because its client is gone, is interrupted.
 *
 * Never: a job that says it runs when its request is over; an end that is written twice.
 */

import { type JobRun, type Store, StoreError } from '@poplar/store';
import { jobBeatMs } from './limits.ts';

export class JobKeeper {
  readonly #store: Store;
  readonly #run: JobRun;
  readonly #timer: NodeJS.Timeout;
  #isOver = false;

  /** @param lost the job was cancelled, or another request goes on with it */
  constructor(store: Store, run: JobRun, lost: () => void) {
    this.#store = store;
    this.#run = run;
    this.#timer = setInterval(() => {
      store.administration.jobs.keep(run).catch((error: unknown) => {
        // What else it can be is told by the next statement of the work itself.
        if (error instanceof StoreError && error.code === 'CONFLICT') lost();
      });
    }, jobBeatMs);
  }

  /** Another request will go on with it. */
  release(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
  }

  /** Rejects with a StoreError when it cannot be said. */
  async complete(): Promise<void> {
    await this.#store.administration.jobs.end({ ...this.#run, state: 'complete', error: null });
    this.release();
  }

  /** Does nothing when it is over. What cannot be written down follows from the lease. */
  async broke(state: 'failed' | 'interrupted', error: string): Promise<void> {
    if (this.#isOver) return;
    this.release();
    try {
      await this.#store.administration.jobs.end({ ...this.#run, state, error });
    } catch (reason) {
      if (!(reason instanceof StoreError)) throw reason;
    }
  }
}
