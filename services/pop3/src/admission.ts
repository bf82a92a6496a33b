/**
 * Who may stay connected to this worker. An address has at most its share of the node. When the worker
 * is full, the connection that has been waiting longest without logging in makes room for the new one;
 * sessions that have logged in are never put out for a stranger.
 *
 * Never: a count that is not given back; a look at anything the peer has sent; somebody put out for
 * an address that has its share.
 */

import { type Standing, StandingList } from './standing.ts';

export interface Admitted extends Standing {
  /** The same for as long as the connection stands; counted as null is nobody. */
  readonly origin: { readonly countedAs: string | null };
  /** Ends this connection to make room for another. */
  evict(): void;
}

/** Connections of an address on the whole node. */
export interface AddressShares {
  /** False, and not counted, when the address has its share. */
  enter(address: string): boolean;
  /** Once for each that entered. */
  leave(address: string): void;
}

/** `full`: no room and nobody to put out. `address-full`: the address has its share. */
export type Admittance = 'admitted' | 'full' | 'address-full';

export class Admission<T extends Admitted> {
  /** May be changed at any time: nobody is put out but for a newcomer. */
  connectionsMax: number;
  readonly #shares: AddressShares;
  readonly #all = new StandingList<T>();

  constructor(connectionsMax: number, shares: AddressShares) {
    this.connectionsMax = connectionsMax;
    this.#shares = shares;
  }

  /** In order of arrival. */
  get all(): Iterable<T> & { readonly size: number } {
    return this.#all;
  }

  get authenticatedCount(): number {
    return this.#all.size - this.#all.strangers;
  }

  admit(connection: T): Admittance {
    const { countedAs } = connection.origin;
    if (countedAs !== null && !this.#shares.enter(countedAs)) return 'address-full';
    if (this.#all.size >= this.connectionsMax && !this.#evictOldestStranger()) {
      if (countedAs !== null) this.#shares.leave(countedAs);
      return 'full';
    }
    this.#all.add(connection);
    return 'admitted';
  }

  authenticated(connection: T): void {
    this.#all.known(connection);
  }

  /** Also for one that was put out before. */
  release(connection: T): void {
    const { countedAs } = connection.origin;
    if (this.#all.remove(connection) && countedAs !== null) this.#shares.leave(countedAs);
  }

  #evictOldestStranger(): boolean {
    const oldest = this.#all.oldestStranger();
    if (oldest === null) return false;
    this.release(oldest);
    oldest.evict();
    return true;
  }
}
