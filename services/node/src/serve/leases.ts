/**
 * The owner rows of this node's workers. A maildrop lock lasts as long as the lease of its owner, so
 * the main thread renews the leases of all workers in one statement, on a connection of its own that
 * no client can keep busy. A worker whose row is gone has lost its locks: it gets a new row, and is
 * told to drop the sessions it held under the old one. One whose lease was over and goes on looks which
 * of its locks others have taken meanwhile; all do when the database was away.
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
import type { Store } from '@poplar/store';
import { renewIntervalMs, renewRetryMs } from './limits.ts';

/** Whose leases are renewed, and who hears of a new owner. */
export interface LeaseHolders {
  readonly owners: readonly Owner[];
  changeOwner(former: Owner, ownerId: string): boolean;
  leaseLapsed(owner: Owner): void;
}

export class Leases implements OwnerHooks {
  readonly #store: Store;
  readonly #nodeName: string;
  readonly #log: Log;
  /** One start of this process: rows with another boot id under our name are dead. */
  readonly #bootId = randomUUID();
  readonly #ending = new AbortController();
  #renewing: Promise<void> = Promise.resolve();
  #isReachable = true;

  constructor(options: { store: Store; nodeName: string; log: Log }) {
    this.#store = options.store;
    this.#nodeName = options.nodeName;
    this.#log = options.log;
  }

  /** False since a renewal failed: whether the locks still hold is not known. */
  get isReachable(): boolean {
    return this.#isReachable;
  }

  /** Frees the locks that a former run of this node left behind. */
  async removeFormer(): Promise<void> {
    await this.#store.removeOwnersOfNode(this.#nodeName, this.#bootId);
  }

  readonly beforeStart = async (place: WorkerPlace): Promise<{ ownerId: string }> => {
    const ownerId = randomUUID();
    await this.#store.registerOwner({
      ownerId,
      nodeName: this.#nodeName,
      bootId: this.#bootId,
      worker: place.worker,
    });
    return { ownerId };
  };

  readonly afterExit = async (_place: WorkerPlace, ownerId: string): Promise<void> => {
    await this.#store.removeOwner(ownerId);
  };

  /** Says in the owner rows that these workers take no new sessions. Best effort. */
  async drain({ owners }: LeaseHolders): Promise<void> {
    try {
      await this.#store.drainOwners(owners.map(({ ownerId }) => ownerId));
    } catch (error) {
      this.#log.warn({}, 'the drain is not shown in the owner rows', error);
    }
  }

  /** Renews until `end`. */
  begin(holders: LeaseHolders, intervalMs: number = renewIntervalMs): void {
    this.#renewing = this.#renewForEver(holders, intervalMs);
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.#renewing;
  }

  async #renewForEver(holders: LeaseHolders, intervalMs: number): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      const waitMs = this.#isReachable ? intervalMs : renewRetryMs;
      await sleep(waitMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.#renew(holders);
        if (!this.#isReachable) this.#cameBack(holders);
        this.#isReachable = true;
      } catch (error) {
        if (this.#isReachable) this.#log.error({}, 'leases could not be renewed', error);
        this.#isReachable = false;
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

  async #renew(holders: LeaseHolders): Promise<void> {
    const { owners } = holders;
    if (owners.length === 0) return;
    const renewed = await this.#store.renewOwners(owners.map(({ ownerId }) => ownerId));
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
        this.#log.warn(placeFields(owner.place), 'lease lost, the worker has a new owner');
      } else {
        await this.#store.removeOwner(ownerId);
      }
    }
  }
}
