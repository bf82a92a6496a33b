/**
 * What the store needs of the world besides its statements: a clock, timers, chance, and the making
 * of connections. Production has the real one; a simulation gives its own, so that one seed decides
 * when everything happens.
 *
 * Never: a second way to any of these in the files that are given a world.
 */

import { randomUUID } from 'node:crypto';
import { connectLink, type Link, type LinkSettings } from './connection/link.ts';

export interface Timer {
  cancel(): void;
}

export interface World {
  /** Milliseconds that only grow; what they count from means nothing. */
  nowMs(): number;
  /** Does the work once, later. In the background: it does not keep the process alive. */
  after(ms: number, work: () => void, background?: boolean): Timer;
  /** Does the work again and again, in the background. */
  every(ms: number, work: () => void): Timer;
  /** Does the work when what has arrived by now was looked at. */
  soon(work: () => void): void;
  /** A fresh random UUID. */
  uuid(): string;
  /** Rejects with a StoreError; nothing is left behind then. */
  connect(settings: LinkSettings): Promise<Link>;
}

export const realWorld: World = {
  nowMs: () => performance.now(),
  after: (ms, work, background = false) => {
    const timer = setTimeout(work, ms);
    if (background) timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  every: (ms, work) => {
    const timer = setInterval(work, ms);
    timer.unref();
    return { cancel: () => clearInterval(timer) };
  },
  soon: (work) => void setImmediate(work),
  uuid: () => randomUUID(),
  connect: (settings) => connectLink(settings),
};

/** What comes of the work, or `late` when that takes longer; the work goes on unheard then. */
export function within<T>(
  world: World,
  { ms, late }: { readonly ms: number; readonly late: () => Error },
  work: Promise<T>,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const timer = world.after(ms, () => reject(late()));
  void work.then(resolve, reject).finally(() => timer.cancel());
  return promise;
}

/** A pause. With a signal it is in the background, and over when that aborts. */
export function sleep(world: World, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const abort = () => {
      timer.cancel();
      resolve();
    };
    const over = () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    };
    const timer = world.after(ms, over, signal !== undefined);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
