/**
 * The connections of a worker that stand, in the order of their arrival, in one piece of memory that is
 * used again and again.
 *
 * Theory of operation. Each has a place in an array and knows it. One that leaves leaves a hole; when the
 * array is full, those that stand move together or, if most of it is in use, into one of twice the size.
 * It is not a Set because a Set that is added to and deleted from as fast as connections come and go is
 * made anew every few dozen of them, and V8's collector of young objects takes whatever a Set that has been
 * thrown away still names for something in use: nearly every connection then lived until the whole
 * heap was looked at (docs/decisions/0030-connections-in-places.md).
 *
 * Never: a move while somebody walks through them (only `add` moves); a name kept of one that has left.
 */

import { placesMin } from './limits.ts';

/** What stands; the fields are kept here and nowhere else. */
export interface Standing {
  /** Where it is; -1 when it does not stand. */
  place: number;
  /** Has not logged in. */
  isStranger: boolean;
}

export class StandingList<T extends Standing> {
  #places: (T | null)[] = new Array<T | null>(placesMin).fill(null);
  /** Places that have been used since the last move; holes among them. */
  #used = 0;
  #size = 0;
  #strangers = 0;
  /** There is no stranger before it. */
  #firstStranger = 0;

  get size(): number {
    return this.#size;
  }

  get strangers(): number {
    return this.#strangers;
  }

  add(item: T): void {
    if (this.#used === this.#places.length) this.#move();
    item.place = this.#used;
    item.isStranger = true;
    this.#places[this.#used] = item;
    this.#used += 1;
    this.#size += 1;
    this.#strangers += 1;
  }

  /** False when it does not stand. */
  remove(item: T): boolean {
    if (item.place < 0) return false;
    this.known(item);
    this.#places[item.place] = null;
    item.place = -1;
    this.#size -= 1;
    return true;
  }

  /** It has logged in. */
  known(item: T): void {
    if (item.place < 0 || !item.isStranger) return;
    item.isStranger = false;
    this.#strangers -= 1;
  }

  /** The one that has stood for longest without logging in. */
  oldestStranger(): T | null {
    if (this.#strangers === 0) return null;
    for (; this.#firstStranger < this.#used; this.#firstStranger += 1) {
      const item = this.#places[this.#firstStranger];
      if (item?.isStranger === true) return item;
    }
    return null;
  }

  /** Any of them may leave meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let place = 0; place < this.#used; place += 1) {
      const item = this.#places[place];
      if (item !== null && item !== undefined) yield item;
    }
  }

  #move(): void {
    const from = this.#places;
    const isCrowded = this.#size * 2 > from.length;
    const to = isCrowded ? new Array<T | null>(from.length * 2).fill(null) : from;
    let used = 0;
    for (const item of from) {
      if (item === null) continue;
      item.place = used;
      to[used] = item;
      used += 1;
    }
    to.fill(null, used);
    this.#places = to;
    this.#used = used;
    this.#firstStranger = 0;
  }
}
