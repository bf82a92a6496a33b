/**
 * Output on its way to the connection. Small pieces are packed into slabs, so that the replies of a
 * poll leave in one write; large ones are passed on by reference.
 *
 * Never: write to octets that were taken or that were passed in. A taken part belongs to the taker;
 * a slab is only ever written behind what was taken of it.
 */

import { copyOctetsMax, slabOctetsMax, slabOctetsMin } from '../limits.ts';
import { writeAscii } from './ascii.ts';

const empty = new Uint8Array(0);

export class ReplyBuffer {
  #parts: Uint8Array[] = [];
  /** Octets in `#parts`. */
  #partOctets = 0;
  #slab: Uint8Array = empty;
  /** [start, end) of the slab is written and not yet a part. */
  #start = 0;
  #end = 0;
  #nextSlabOctets = slabOctetsMin;

  /** Octets appended and not yet taken. */
  get pendingOctets(): number {
    return this.#partOctets + this.#end - this.#start;
  }

  /** Appends octets or ASCII text. Octets must not change afterwards: they may be kept by reference. */
  append(piece: Uint8Array | string): void {
    if (typeof piece === 'string') {
      this.#makeRoom(piece.length);
      this.#end = writeAscii(piece, this.#slab, this.#end);
    } else if (piece.length > copyOctetsMax) {
      this.#closePart();
      this.#pushPart(piece);
    } else {
      this.#makeRoom(piece.length);
      this.#slab.set(piece, this.#end);
      this.#end += piece.length;
    }
  }

  /** Takes everything pending, in order. The parts are for reading only. */
  take(): Uint8Array[] {
    this.#closePart();
    const taken = this.#parts;
    this.#parts = [];
    this.#partOctets = 0;
    // An idle connection keeps no more than the smallest slab.
    this.#nextSlabOctets = slabOctetsMin;
    if (this.#slab.length > slabOctetsMin) this.#useSlab(empty);
    return taken;
  }

  /** Drops everything pending. */
  clear(): void {
    this.#parts = [];
    this.#partOctets = 0;
    this.#useSlab(empty);
  }

  #makeRoom(octets: number): void {
    if (this.#end + octets <= this.#slab.length) return;
    this.#closePart();
    this.#useSlab(new Uint8Array(Math.max(this.#nextSlabOctets, octets)));
    this.#nextSlabOctets = Math.min(this.#nextSlabOctets * 2, slabOctetsMax);
  }

  #useSlab(slab: Uint8Array): void {
    this.#slab = slab;
    this.#start = 0;
    this.#end = 0;
  }

  #closePart(): void {
    if (this.#start === this.#end) return;
    this.#pushPart(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  #pushPart(part: Uint8Array): void {
    this.#parts.push(part);
    this.#partOctets += part.length;
  }
}
