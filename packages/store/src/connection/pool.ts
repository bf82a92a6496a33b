/**
 * A few connections shared by callers that need one each for a while: at most `max` links, a
 * bounded queue of callers, first come first served.
 *
 * A link is idle, lent or gone. A lost link is never lent again; when someone waits it is replaced
 * at once. Connecting happens on demand and its failure is the failure of the caller who needed it.
 *
 * Never: a caller waiting without a bound; a link kept that nobody used for a minute.
 */

import { StoreError } from '../errors.ts';
import { poolIdleMs, poolQueueMax, poolWaitMs } from '../limits.ts';
import type { Statement } from '../statement.ts';
import { realWorld, type Timer, type World } from '../world.ts';
import type { Link, LinkSettings } from './link.ts';

interface Waiter {
  readonly resolve: (link: Link) => void;
  readonly reject: (error: StoreError) => void;
  readonly timer: Timer;
}

interface IdleLink {
  readonly link: Link;
  readonly since: number;
}

/** It may be answered with a warning: then nobody may be told that it is done. */
const commit: Statement<void, never> = {
  name: 'commit',
  text: 'commit',
  durable: true,
  parameters: () => [],
  row: () => {
    throw new StoreError('STORE_CORRUPT', 'a commit has no rows');
  },
};

export class LinkPool {
  readonly #settings: LinkSettings;
  readonly #max: number;
  readonly #idle: IdleLink[] = [];
  readonly #waiters: Waiter[] = [];
  readonly #lent = new Set<Link>();
  readonly #sweep: Timer;
  readonly #world: World;
  #connecting = 0;
  #ended = false;

  constructor(settings: LinkSettings, max: number, world: World = realWorld) {
    this.#settings = settings;
    this.#max = max;
    this.#world = world;
    this.#sweep = world.every(poolIdleMs / 4, () => this.#closeUnused());
  }

  /** Links that are there now: lent, and waiting to be. */
  get links(): { readonly busy: number; readonly idle: number } {
    return { busy: this.#lent.size, idle: this.#idle.length };
  }

  /** Callers waiting for a link now. */
  get waiting(): number {
    return this.#waiters.length;
  }

  async run<Input, Output>(statement: Statement<Input, Output>, input: Input): Promise<Output[]> {
    const link = await this.acquire();
    try {
      return await link.run(statement, input);
    } finally {
      this.release(link);
    }
  }

  /** Several statements as one transaction: all of them or none. Rejects with a StoreError. */
  async transaction<T>(work: (link: Link) => Promise<T>): Promise<T> {
    const link = await this.acquire();
    try {
      await link.execute('begin');
      const result = await work(link);
      await link.run(commit, undefined);
      return result;
    } catch (error) {
      // A link that cannot even do this must not be lent again in the middle of a transaction.
      if (link.open) await link.execute('rollback').catch(() => link.destroy());
      throw error;
    } finally {
      this.release(link);
    }
  }

  /** A link of one's own until `release`. Rejects with a StoreError. */
  acquire(): Promise<Link> {
    if (this.#ended) return Promise.reject(closed());
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (!idle.link.open) continue;
      this.#lent.add(idle.link);
      return Promise.resolve(idle.link);
    }
    if (this.#lent.size + this.#connecting < this.#max) return this.#connect();
    if (this.#waiters.length >= poolQueueMax) {
      return Promise.reject(new StoreError('STORE_UNAVAILABLE', 'too many wait for a connection'));
    }
    return new Promise((resolve, reject) => {
      const timer = this.#world.after(poolWaitMs, () => {
        const at = this.#waiters.findIndex((waiter) => waiter.timer === timer);
        if (at >= 0) this.#waiters.splice(at, 1);
        reject(new StoreError('STORE_UNAVAILABLE', 'no connection became free in time'));
      });
      this.#waiters.push({ resolve, reject, timer });
    });
  }

  /** Gives a link back, whatever its state. */
  release(link: Link): void {
    if (!this.#lent.delete(link)) return;
    if (this.#ended) {
      void link.end().catch(() => undefined);
      return;
    }
    const waiter = this.#waiters.shift();
    if (waiter === undefined) {
      if (link.open) this.#idle.push({ link, since: this.#world.nowMs() });
      return;
    }
    waiter.timer.cancel();
    if (link.open) {
      this.#lent.add(link);
      waiter.resolve(link);
    } else {
      this.#connect().then(waiter.resolve, waiter.reject);
    }
  }

  /** Ends idle links now and lent ones as they come back. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#sweep.cancel();
    for (const waiter of this.#waiters.splice(0)) {
      waiter.timer.cancel();
      waiter.reject(closed());
    }
    await Promise.all(this.#idle.splice(0).map(({ link }) => link.end()));
  }

  async #connect(): Promise<Link> {
    this.#connecting += 1;
    try {
      const link = await this.#world.connect(this.#settings);
      this.#lent.add(link);
      return link;
    } catch (error) {
      this.#passOnFailure();
      throw error;
    } finally {
      this.#connecting -= 1;
    }
  }

  /** A place that could not be filled is the next waiter's to try. */
  #passOnFailure(): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) return;
    waiter.timer.cancel();
    this.#connect().then(waiter.resolve, waiter.reject);
  }

  #closeUnused(): void {
    const before = this.#world.nowMs() - poolIdleMs;
    while (this.#idle[0] !== undefined && this.#idle[0].since < before) {
      void this.#idle
        .shift()
        ?.link.end()
        .catch(() => undefined);
    }
  }
}

function closed(): StoreError {
  return new StoreError('STORE_UNAVAILABLE', 'the store was closed');
}
