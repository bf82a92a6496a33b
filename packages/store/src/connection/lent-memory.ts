/**
 * Memory for bodies on their way through, lent out in pieces and used again when they come back.
 *
 * A mail host moves gigabytes through a worker that itself needs a few megabytes. Fresh memory for each
 * body makes V8 collect all of its heap every hundred megabytes, which costs more than the bodies do.
 * So values are copied out of the buffer that sockets are read into, into slabs: one is filled from its
 * start to its end, and filled again when all of its pieces have come back. A piece that does not come
 * back costs no more than fresh memory would have: its slab is left to the garbage collector.
 *
 * Who has a piece may read it until it is given back, and must not keep or read it afterwards.
 *
 * Never: a piece written to after it was lent; a piece taken back twice.
 */

import { lentSlabOctets, lentSlabsKept } from '../limits.ts';

const nothing = Buffer.alloc(0);

class Slab {
  readonly bytes = Buffer.allocUnsafeSlow(lentSlabOctets);
  used = 0;
  /** Where the pieces begin that are out. */
  readonly lent = new Set<number>();
}

export class LentMemory {
  #current = new Slab();
  readonly #full: Slab[] = [];
  /** By their memory: whose pieces these are. */
  readonly #slabs = new WeakMap<ArrayBufferLike, Slab>();

  constructor() {
    this.#know(this.#current);
  }

  /** A copy that is the caller's until it is given back, or for ever. */
  lend(bytes: Uint8Array): Buffer {
    const octets = bytes.length;
    if (octets === 0) return nothing;
    if (octets > lentSlabOctets) return Buffer.from(bytes);
    let slab = this.#current;
    if (slab.used + octets > lentSlabOctets) {
      slab = this.#full.pop() ?? this.#know(new Slab());
      this.#current = slab;
    }
    const from = slab.used;
    slab.used += octets;
    slab.lent.add(from);
    slab.bytes.set(bytes, from);
    return slab.bytes.subarray(from, slab.used);
  }

  /** Once for each piece. What was not lent here is left alone. */
  takeBack(bytes: Uint8Array): void {
    const slab = this.#slabs.get(bytes.buffer);
    if (slab === undefined) return;
    // Or else somebody's mail would be written over somebody else's.
    if (!slab.lent.delete(bytes.byteOffset)) throw new RangeError('a piece came back twice');
    if (slab.lent.size > 0) return;
    slab.used = 0;
    if (slab !== this.#current && this.#full.length < lentSlabsKept) this.#full.push(slab);
  }

  #know(slab: Slab): Slab {
    this.#slabs.set(slab.bytes.buffer, slab);
    return slab;
  }
}

/** That of this thread. */
export const lentMemory = new LentMemory();

/** Bytes that the store has lent and that nobody will look at any more: once for each. */
export function giveBack(bytes: Uint8Array): void {
  lentMemory.takeBack(bytes);
}
