/**
 * Who may stay connected to this worker. When it is full, the connection that has been waiting
 * longest without logging in makes room for the new one; sessions that have logged in are never
 * put out for a stranger.
 *
 * Never: a count that is not given back; a look at anything the peer has sent.
 */

export interface Admitted {
  /** Ends this connection to make room for another. */
  evict(): void;
}

export class Admission<T extends Admitted> {
  readonly #connectionsMax: number;
  readonly #all = new Set<T>();
  /** In order of arrival: the first is the oldest. */
  readonly #strangers = new Set<T>();

  constructor(connectionsMax: number) {
    this.#connectionsMax = connectionsMax;
  }

  get all(): ReadonlySet<T> {
    return this.#all;
  }

  get authenticatedCount(): number {
    return this.#all.size - this.#strangers.size;
  }

  /** False when there is no room and nobody to put out. */
  admit(connection: T): boolean {
    if (this.#all.size >= this.#connectionsMax && !this.#evictOldestStranger()) return false;
    this.#all.add(connection);
    this.#strangers.add(connection);
    return true;
  }

  authenticated(connection: T): void {
    this.#strangers.delete(connection);
  }

  release(connection: T): void {
    this.#all.delete(connection);
    this.#strangers.delete(connection);
  }

  #evictOldestStranger(): boolean {
    const [oldest] = this.#strangers;
    if (oldest === undefined) return false;
    this.release(oldest);
    oldest.evict();
    return true;
  }
}
