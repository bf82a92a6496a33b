/**
 * Tells other nodes what failures were counted here and takes theirs, so that a guesser does not
 * begin anew at each node. Runs in the main thread, over the score table that all workers share.
 *
 * Approximate by design: what could not be sent is not sent again, for whether it arrived is not
 * known, and a lost failure costs less than one that counts twice. While the database is away nobody
 * logs in, so nothing is counted either.
 *
 * Never: a name or an address (rows are hashes); an exchange before the last one has ended; a
 * failure that stops the loop, or is logged each time.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { PenaltyRow, ScoreTable } from '@poplar/identity';
import type { Log } from '@poplar/runtime';
import { penaltyIntervalMs, penaltyRowsMax } from './limits.ts';

/** The part of the store this needs. */
export interface PenaltyStore {
  /** Adds these, and answers with what other nodes have added since the last call. */
  exchangePenalties(exchange: {
    readonly nodeName: string;
    readonly deltas: readonly PenaltyRow[];
  }): Promise<readonly PenaltyRow[]>;
}

export interface PenaltyExchangeParts {
  readonly store: PenaltyStore;
  readonly nodeName: string;
  readonly scores: ScoreTable;
  readonly log: Log;
}

export class PenaltyExchange {
  readonly #parts: PenaltyExchangeParts;
  readonly #ending = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #isFailing = false;

  constructor(parts: PenaltyExchangeParts) {
    this.#parts = parts;
  }

  /** Exchanges until `end`. */
  begin(intervalMs: number = penaltyIntervalMs): void {
    this.#running = this.#exchangeForEver(intervalMs);
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #exchangeForEver(intervalMs: number): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await sleep(intervalMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      await this.#exchange();
    }
  }

  async #exchange(): Promise<void> {
    const { store, nodeName, scores, log } = this.#parts;
    try {
      const deltas = scores.takeDeltas(penaltyRowsMax);
      scores.merge(await store.exchangePenalties({ nodeName, deltas }));
      if (this.#isFailing) log.info({}, 'penalties are exchanged again');
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) log.warn({}, 'penalties are not exchanged with other nodes', error);
      this.#isFailing = true;
    }
  }
}
