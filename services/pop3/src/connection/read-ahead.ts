/**
 * Small messages read before they are asked for. A client that walks its maildrop is noticed by its
 * second step; from then on each statement brings up to twice as many messages as the last one.
 *
 * Never: more than `readAheadOctetsMax` held; a message the client did not come near.
 */

import { giveBack, type Snapshot } from '@poplar/store';
import { readAheadMessagesMax, readAheadOctetsMax, smallBodyOctetsMax } from '../limits.ts';

/** A body that nobody looks at any more; one function for all connections. */
export const giveBodyBack = (body: Uint8Array): void => giveBack(body);

export class ReadAhead {
  readonly #bodies = new Map<number, Uint8Array>();
  #window = 1;
  #nextIndex = -1;

  /** The body if it is here; it is then forgotten, for no client asks twice in a row. */
  take(index: number): Uint8Array | undefined {
    const body = this.#bodies.get(index);
    if (body === undefined) return undefined;
    this.#bodies.delete(index);
    this.#nextIndex = index + 1;
    return body;
  }

  /** The indexes to read now that `index` is wanted: itself first, then what will follow. */
  plan(index: number, snapshot: Snapshot): number[] {
    this.#drop();
    this.#window = index === this.#nextIndex ? Math.min(this.#window * 2, readAheadMessagesMax) : 1;
    this.#nextIndex = index + 1;
    const wanted = [index];
    let octets = snapshot.wireOctets[index] ?? 0;
    for (let i = index + 1; i < snapshot.count && wanted.length < this.#window; i += 1) {
      const size = snapshot.wireOctets[i] ?? 0;
      octets += size;
      if (size > smallBodyOctetsMax || octets > readAheadOctetsMax) break;
      wanted.push(i);
    }
    return wanted;
  }

  keep(index: number, body: Uint8Array): void {
    this.#bodies.set(index, body);
  }

  clear(): void {
    this.#drop();
    this.#window = 1;
  }

  #drop(): void {
    for (const body of this.#bodies.values()) giveBack(body);
    this.#bodies.clear();
  }
}
