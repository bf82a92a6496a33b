/**
 * Output on its way to the connection. Small pieces are packed into slabs, so that the replies of a
 * poll leave in one write; large ones are passed on by reference.
 *
 * Slabs are used again: any buffer of the thread takes one when it has something to say and puts it
 * back when that has been written, because fresh memory costs more than what is written into it. A
 * connection that says nothing has none.
 *
 * Never: write to octets that were taken and are not done with, or that were passed in.
 */

import { copyOctetsMax, slabOctets, slabsKeptMax } from '../limits.ts';
import { octetAt, writeAscii } from './ascii.ts';

const empty = new Uint8Array(0);
const plusSign = 0x2b;

/** Slabs that nobody uses. */
const shelf: Uint8Array[] = [];

export class ReplyBuffer {
  #parts: Uint8Array[] = [];
  /** Octets in `#parts`. */
  #partOctets = 0;
  #slab: Uint8Array = empty;
  /** [start, end) of the slab is written and not yet a part. */
  #start = 0;
  #end = 0;
  /** Full slabs with parts that were not taken, and with none but taken ones. */
  #full: Uint8Array[] = [];
  #taken: Uint8Array[] = [];
  /** The first octet since `beginReply`; -1 while there is none. */
  #firstOctet = -1;

  /** A reply begins: its first octet is remembered. */
  beginReply(): void {
    this.#firstOctet = -1;
  }

  /** The reply that was begun is `+OK`, or a challenge. */
  get isAcceptance(): boolean {
    return this.#firstOctet === plusSign;
  }

  /** Octets appended and not yet taken. */
  get pendingOctets(): number {
    return this.#partOctets + this.#end - this.#start;
  }

  /** Appends octets or ASCII text. Octets must not change afterwards: they may be kept by reference. */
  append(piece: Uint8Array | string): void {
    if (this.#firstOctet === -1) {
      this.#firstOctet = typeof piece === 'string' ? piece.charCodeAt(0) : octetAt(piece, 0);
    }
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
    this.#taken.push(...this.#full);
    this.#full = [];
    return taken;
  }

  /** All that was taken is done with. */
  reuse(): void {
    for (const slab of this.#taken) putBack(slab);
    this.#taken = [];
    if (this.pendingOctets > 0) return;
    putBack(this.#slab);
    this.#useSlab(empty);
  }

  /** Whoever has taken keeps it for longer: that memory is not ours any more. */
  forget(): void {
    this.#full = [];
    this.#taken = [];
    if (this.#start === this.#end) this.#useSlab(empty);
    else this.#moveOn();
  }

  /** Drops everything pending. */
  clear(): void {
    this.#parts = [];
    this.#partOctets = 0;
    this.#start = this.#end;
    this.forget();
  }

  #makeRoom(octets: number): void {
    if (this.#end + octets <= this.#slab.length) return;
    this.#closePart();
    if (this.#slab !== empty) this.#full.push(this.#slab);
    this.#useSlab(octets > slabOctets ? new Uint8Array(octets) : newSlab());
  }

  /** What is written and not taken goes on in a slab that nobody has a part of. */
  #moveOn(): void {
    const rest = this.#slab.subarray(this.#start, this.#end);
    this.#useSlab(newSlab());
    this.#slab.set(rest);
    this.#end = rest.length;
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

function newSlab(): Uint8Array {
  return shelf.pop() ?? new Uint8Array(slabOctets);
}

function putBack(slab: Uint8Array): void {
  if (slab.length === slabOctets && shelf.length < slabsKeptMax) shelf.push(slab);
}
