/**
 * The listeners of one worker, together: open while the node takes clients, closed while it takes none.
 *
 * Theory of operation. What is wanted and what is so are apart, because opening takes time and can
 * fail: while a port was closed here, another process may have taken it. One loop makes them equal:
 *
 *   closed -> opening (one listener after the other) -> open -> closed ...
 *                  \-> some could not be opened: tried again after a pause, for as long as it is wanted
 *
 * At the start of a worker a port that cannot be had is an error for the operator; later it is a line
 * in the log, for there are sessions to be kept.
 *
 * A closed listener, and not one that says `-ERR`: to a balancer a refused connection is one that it
 * may try elsewhere, and nobody sees it.
 *
 * Never: a listener left open that is not wanted; two loops.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@poplar/runtime';
import { reopenDelayMs } from './limits.ts';

/** What a door is to its opener. */
export interface Door {
  readonly printable: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface DoorsParts {
  readonly listeners: readonly Door[];
  readonly isAdmitting: boolean;
  readonly log: Log;
}

export class Doors {
  readonly #listeners: readonly Door[];
  readonly #log: Log;
  readonly #open = new Set<Door>();
  readonly #ending = new AbortController();
  #isWanted: boolean;
  #working: Promise<void> | null = null;

  constructor({ listeners, isAdmitting, log }: DoorsParts) {
    this.#listeners = listeners;
    this.#isWanted = isAdmitting;
    this.#log = log;
  }

  /** Opens all, unless the node takes no clients. Rejects with a ListenError. */
  async start(): Promise<void> {
    if (!this.#isWanted) return;
    for (const listener of this.#listeners) {
      await listener.start();
      this.#open.add(listener);
    }
  }

  /** Opens or closes all; resolves when what is wanted, by then, is so. */
  admit(isWanted: boolean): Promise<void> {
    if (this.#ending.signal.aborted) return Promise.resolve();
    this.#isWanted = isWanted;
    this.#working ??= this.#settle().finally(() => {
      this.#working = null;
    });
    return this.#working;
  }

  /** For good. */
  async close(): Promise<void> {
    this.#isWanted = false;
    this.#ending.abort();
    await this.#working;
    await this.#stopAll();
  }

  async #settle(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      if (!this.#isWanted) await this.#stopAll();
      else if (!(await this.#startAll())) {
        await sleep(reopenDelayMs, undefined, { signal }).catch(() => {});
        continue;
      }
      const isSo = this.#open.size === (this.#isWanted ? this.#listeners.length : 0);
      if (isSo) return;
    }
  }

  /** False when one could not be opened. */
  async #startAll(): Promise<boolean> {
    for (const listener of this.#listeners) {
      if (this.#open.has(listener) || !this.#isWanted) continue;
      try {
        await listener.start();
        this.#open.add(listener);
      } catch (error) {
        this.#log.error({ listener: listener.printable }, 'listener not opened again yet', error);
        return false;
      }
    }
    return true;
  }

  async #stopAll(): Promise<void> {
    const open = [...this.#open];
    this.#open.clear();
    await Promise.all(open.map((listener) => listener.stop()));
  }
}
