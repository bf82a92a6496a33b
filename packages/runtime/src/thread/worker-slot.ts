/**
 * The place of one worker: keeps a thread in it from start to drain.
 *
 * Empty -> registering (the owner row is made by a hook) -> running (a WorkerThread) -> leaving
 * (the owner row is removed, so that its locks are free at once) -> waiting (back-off, doubled with
 * each early death) -> registering ... until closed. A first start that fails is told to the caller
 * and not tried again; every later failure is logged and tried for ever, because a node without
 * this worker still serves with the others.
 *
 * Never: two threads in one place; an owner row that outlives its thread by choice.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '../lifecycle/fatal.ts';
import { respawnDelayMaxMs, respawnDelayMinMs, respawnResetMs } from '../limits.ts';
import type { Log } from '../log/log.ts';
import { addSnapshot, gaugeIn, snapshotLength, withoutGauges } from '../metrics/metric-set.ts';
import { placeFields, type ToWorker, type WorkerData, type WorkerPlace } from './messages.ts';
import { type ThreadTiming, WorkerThread } from './worker-thread.ts';

export interface OwnerHooks {
  /** Registers an owner for a worker about to start. Rejects if the store cannot be reached. */
  readonly beforeStart: (place: WorkerPlace) => Promise<{ readonly ownerId: string }>;
  /** Removes the owner of a worker that is gone. May reject; its lease will end by itself. */
  readonly afterExit: (place: WorkerPlace, ownerId: string) => Promise<void>;
}

export interface SlotOptions {
  readonly place: WorkerPlace;
  readonly workerUrl: URL;
  readonly timing: ThreadTiming;
  readonly hooks: OwnerHooks;
  readonly log: Log;
  /** All that a thread is given, as of now. */
  readonly data: () => Omit<WorkerData, keyof WorkerPlace | 'ownerId'>;
}

export class WorkerSlot {
  readonly place: WorkerPlace;
  /** How often the thread was replaced. */
  restarts = 0;
  listeners: readonly string[] = [];
  ownerId: string | null = null;

  readonly #options: SlotOptions;
  readonly #dead = new Float64Array(snapshotLength);
  readonly #closing = new AbortController();
  #thread: WorkerThread | null = null;
  #loop: Promise<void> = Promise.resolve();
  #delayMs = respawnDelayMinMs;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.place = options.place;
  }

  get thread(): WorkerThread | null {
    return this.#thread;
  }

  get isReady(): boolean {
    return this.#thread?.isReady ?? false;
  }

  /** Its thread is ready and takes clients. */
  get isAdmitting(): boolean {
    return this.#thread?.isAdmitting ?? false;
  }

  /** What this place has counted so far, in all its threads. */
  get snapshots(): readonly Float64Array[] {
    return this.#thread === null ? [this.#dead] : [this.#dead, this.#thread.values];
  }

  /** Sessions of the thread, as of its last numbers. */
  get sessions(): number {
    return this.#thread === null ? 0 : gaugeIn(this.#thread.values, 'poplar_sessions');
  }

  /** Resolves when the first thread is ready; rejects with its one line if it cannot be. */
  async start(): Promise<void> {
    const thread = await this.#spawn();
    const listeners = await thread.ready;
    if (listeners === null) {
      const end = await thread.ended;
      await this.#bury(thread);
      throw new StartError(end.reason);
    }
    this.listeners = listeners;
    this.#loop = this.#keep(thread);
  }

  /** Tells the thread, if there is one; one that is still starting hears it when it has. */
  tell(message: ToWorker): void {
    this.#thread?.send(message);
  }

  /** Tells the thread, if it still is the one that held the lost lease. */
  changeOwner(former: string, ownerId: string): boolean {
    if (this.#thread === null || this.ownerId !== former) return false;
    this.ownerId = ownerId;
    this.#thread.send({ kind: 'owner', ownerId });
    return true;
  }

  /** Tells the thread that its lease was over for a while, if it still is the one that holds it. */
  leaseLapsed(ownerId: string): void {
    if (this.ownerId === ownerId) this.#thread?.send({ kind: 'lapsed' });
  }

  /** Asks the thread to end, terminates it when it does not, and leaves the place empty. */
  async close(deadlineMs: number, graceMs: number): Promise<void> {
    this.#closing.abort();
    const thread = this.#thread;
    if (thread !== null) {
      if (thread.isReady) thread.send({ kind: 'drain', deadlineMs });
      else thread.terminate('node is shutting down');
      const timer = setTimeout(() => {
        this.#options.log.warn(placeFields(this.place), 'worker not ended in time, terminated');
        thread.terminate('not drained in time');
      }, deadlineMs + graceMs);
      await thread.ended;
      clearTimeout(timer);
    }
    await this.#loop;
    await this.#bury(thread);
  }

  async #keep(first: WorkerThread): Promise<void> {
    let thread = first;
    while (true) {
      const bornAt = performance.now();
      const end = await thread.ended;
      const { log } = this.#options;
      if (this.#closing.signal.aborted) {
        log.debug({ ...placeFields(this.place), reason: end.reason }, 'worker ended');
        return;
      }
      log.error(
        { ...placeFields(this.place), reason: end.reason },
        'worker ended, it will be replaced',
      );
      await this.#bury(thread);
      if (performance.now() - bornAt > respawnResetMs) this.#delayMs = respawnDelayMinMs;
      const next = await this.#replace();
      if (next === null) return;
      thread = next;
    }
  }

  /** Null when the place was closed meanwhile. */
  async #replace(): Promise<WorkerThread | null> {
    const { signal } = this.#closing;
    while (true) {
      await sleep(this.#delayMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return null;
      this.#delayMs = Math.min(this.#delayMs * 2, respawnDelayMaxMs);
      this.restarts += 1;
      try {
        const thread = await this.#spawn();
        void thread.ready.then((listeners) => {
          if (listeners === null) return;
          this.listeners = listeners;
          this.#options.log.info(placeFields(this.place), 'worker replaced');
        });
        return thread;
      } catch (error) {
        if (signal.aborted) return null;
        this.#options.log.error(placeFields(this.place), 'worker could not be replaced yet', error);
      }
    }
  }

  async #spawn(): Promise<WorkerThread> {
    const { hooks, workerUrl, timing, data, place } = this.#options;
    const { ownerId } = await hooks.beforeStart(place);
    this.ownerId = ownerId;
    if (this.#closing.signal.aborted) {
      await this.#bury(null);
      throw new Error('node is shutting down');
    }
    const thread = new WorkerThread({
      workerUrl,
      timing,
      data: { ...data(), ...place, ownerId },
    });
    this.#thread = thread;
    return thread;
  }

  async #bury(thread: WorkerThread | null): Promise<void> {
    if (thread !== null && this.#thread === thread) {
      addSnapshot(this.#dead, withoutGauges(thread.values));
      this.#thread = null;
    }
    const { ownerId } = this;
    this.ownerId = null;
    if (ownerId === null) return;
    try {
      await this.#options.hooks.afterExit(this.place, ownerId);
    } catch (error) {
      this.#options.log.warn(
        placeFields(this.place),
        'owner not removed, its lease will end',
        error,
      );
    }
  }
}
