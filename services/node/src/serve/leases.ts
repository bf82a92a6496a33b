/**
 * The owner rows of this node's workers. A maildrop lock lasts as long as the lease of its owner, so
 * the main thread renews the leases of all workers in one statement, on a connection of its own that
 * no client can keep busy. A worker whose row is gone has lost its locks: it gets a new row, and is
 * told to drop the sessions it held under the old one. One whose lease was over and goes on looks which
 * of its locks others have taken meanwhile; all do when the database was away. When no renewal has come
 * through for so long that all leases must be over, and were for a while, the workers end their sessions:
 * nothing of them could be stored any more, and their clients find another node.
 *
 * A renewal also says how many sessions each worker has and whether the node drains, and brings back
 * whether an administrator wants it to (drain-order.ts).
 *
 * Never: a clock of this machine compared with the database's; a lease renewed for a thread that
 * is gone (its row is removed when it ends).
 */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Log,
  type Owner,
  type OwnerHooks,
  placeFields,
  type WorkerPlace,
} from '@poplar/runtime';
import { leaseSeconds, type Store } from '@poplar/store';
import { cutOffGraceMs, cutOffRetriesMin, renewIntervalMs, renewRetryMs } from './limits.ts';

/** Whose leases are renewed, and who hears of a new owner. */
export interface LeaseHolders {
  readonly owners: readonly Owner[];
  changeOwner(former: Owner, ownerId: string): boolean;
  leaseLapsed(owner: Owner): void;
  /** All leases are over, and have been for a while. */
  cutOff(): void;
}

export interface LeasesOptions {
  readonly store: Store;
  readonly nodeName: string;
  readonly version: string;
  readonly log: Log;
}

/** Who is told what comes of renewals. */
export interface LeaseNews {
  readonly workers: LeaseHolders;
  /** Whether an administrator wants the node to be drained. */
  readonly drainWanted: (isWanted: boolean) => void;
}

export class Leases implements OwnerHooks {
  readonly #store: Store;
  readonly #nodeName: string;
  readonly #log: Log;
  /** One start of this process: rows with another boot id under our name are dead. */
  readonly #bootId = randomUUID();
  readonly #ending = new AbortController();
  #renewing: Promise<void> = Promise.resolve();
  readonly #version: string;
  #isReachable = true;
  #isDraining = false;
  /** When the last renewal that came through was sent, by this machine's monotonic clock. */
  #renewedAtMs = performance.now();
  /** Renewals in a row that did not. */
  #failures = 0;
  #isCutOff = false;
  #wake = new AbortController();

  constructor(options: LeasesOptions) {
    this.#store = options.store;
    this.#nodeName = options.nodeName;
    this.#log = options.log;
    this.#version = options.version;
  }

  /** False since a renewal failed: whether the locks still hold is not known. */
  get isReachable(): boolean {
    return this.#isReachable;
  }

  /**
   * Frees the locks that a former run of this node left behind. One whose leases still run was killed a moment
   * ago, or is another node that has our name: then each takes the other's locks, and somebody must be told.
   */
  async removeFormer(): Promise<void> {
    const owners = await this.#store.listOwners();
    const ages = owners
      .filter((owner) => owner.nodeName === this.#nodeName && owner.bootId !== this.#bootId)
      .filter(({ alive }) => alive)
      .map(({ leaseAgeSeconds }) => leaseAgeSeconds);
    if (ages.length > 0) {
      this.#log.warn(
        { aliveSecondsAgo: Math.min(...ages) },
        'a node of this name was alive a moment ago: if it still runs, nodeName must be unique',
      );
    }
    await this.#store.removeOwnersOfNode(this.#nodeName, this.#bootId);
  }

  readonly beforeStart = async (place: WorkerPlace): Promise<{ ownerId: string }> => {
    const ownerId = randomUUID();
    await this.#store.registerOwner({
      ownerId,
      nodeName: this.#nodeName,
      bootId: this.#bootId,
      worker: place.worker,
      version: this.#version,
      role: place.role,
    });
    return { ownerId };
  };

  readonly afterExit = async (_place: WorkerPlace, ownerId: string): Promise<void> => {
    await this.#store.removeOwner(ownerId);
  };

  /** Says in the owner rows whether these workers take new sessions: with the next renewal, now. */
  showDraining(isDraining: boolean): void {
    this.#isDraining = isDraining;
    this.#wake.abort();
  }

  /** Renews until `end`. */
  begin(
    news: LeaseNews,
    intervalMs: number = renewIntervalMs,
    cutOffMs: number = leaseSeconds * 1_000 + cutOffGraceMs,
  ): void {
    this.#renewing = this.#renewForEver(news, { intervalMs, cutOffMs });
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.#renewing;
  }

  async #renewForEver(
    news: LeaseNews,
    { intervalMs, cutOffMs }: { intervalMs: number; cutOffMs: number },
  ): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      const waitMs = this.#isReachable ? intervalMs : renewRetryMs;
      const either = AbortSignal.any([signal, this.#wake.signal]);
      await sleep(waitMs, undefined, { signal: either }).catch(() => {});
      if (signal.aborted) return;
      if (this.#wake.signal.aborted) this.#wake = new AbortController();
      const sentAtMs = performance.now();
      try {
        await this.#renew(news);
        if (!this.#isReachable) this.#cameBack(news.workers);
        this.#isReachable = true;
        this.#renewedAtMs = sentAtMs;
        this.#failures = 0;
        this.#isCutOff = false;
      } catch (error) {
        if (this.#isReachable) this.#log.error({}, 'leases could not be renewed', error);
        this.#isReachable = false;
        this.#failures += 1;
        this.#cutOffAfter(cutOffMs, news.workers);
      }
    }
  }

  /**
   * A server that was lost without a word took the last asynchronous commits along, and a worker that
   * asks it for nothing would not notice.
   */
  #cameBack(holders: LeaseHolders): void {
    this.#log.info({}, 'the database is reachable again');
    for (const owner of holders.owners) holders.leaseLapsed(owner);
  }

  /** A process that slept has no renewals either, and must have tried before it gives up. */
  #cutOffAfter(cutOffMs: number, holders: LeaseHolders): void {
    if (this.#isCutOff || this.#failures < cutOffRetriesMin) return;
    if (performance.now() - this.#renewedAtMs < cutOffMs) return;
    this.#isCutOff = true;
    this.#log.error({}, 'the leases are long over, sessions are ended');
    holders.cutOff();
  }

  async #renew({ workers: holders, drainWanted }: LeaseNews): Promise<void> {
    const { owners } = holders;
    if (owners.length === 0) return;
    const renewed = await this.#store.renewOwners({
      workers: owners.map(({ ownerId, sessions }) => ({ ownerId, sessions })),
      draining: this.#isDraining,
    });
    const [first] = renewed;
    if (first !== undefined) drainWanted(first.drainWanted);
    const lapsed = new Map(renewed.map((lease) => [lease.ownerId, lease.lapsed]));
    for (const owner of owners) {
      const hadLapsed = lapsed.get(owner.ownerId);
      if (hadLapsed === true) {
        this.#log.warn(placeFields(owner.place), 'lease renewed after it was over');
        holders.leaseLapsed(owner);
      }
      if (hadLapsed !== undefined) continue;
      const { ownerId } = await this.beforeStart(owner.place);
      if (holders.changeOwner(owner, ownerId)) {
        this.#log.warn(
          placeFields(owner.place),
          `lease lost, the worker has a new owner: another node may have started as ${this.#nodeName}`,
        );
      } else {
        await this.#store.removeOwner(ownerId);
      }
    }
  }
}
