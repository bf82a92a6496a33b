/**
 * What a session sees of its maildrop: numbers, sizes, unique ids and marks. The only thing that
 * makes an index of a message number, and the only thing that knows which messages are marked.
 *
 * Numbers are fixed for the session (RFC 1939 §5): number n is index n - 1 of the listing as it was
 * opened, marked or not. A mark is this session's intention alone; RSET drops all of them.
 *
 * Never: change the listing, which other sessions share; answer for a message without `find`.
 */

import { listingBlockMessages } from '../limits.ts';
import type { MessageNumber } from './command.ts';
import type { Listing, MessageIndex } from './effects.ts';
import { type ListingKind, type ListingText, textOf, uidlOf } from './listing-text.ts';

const wordBits = 32;
const wordsInBlock = listingBlockMessages / wordBits;
const noMarks = new Uint32Array(0);

/** The number at an index the caller knows to be inside (compare `octetAt`). */
function numberAt(array: Float64Array | Uint32Array, index: number): number {
  return array[index] as number;
}

export class MaildropView {
  readonly #listing: Listing;
  readonly #text: ListingText;
  /** One bit a message; allocated at the first mark, since most sessions make none. */
  #marks: Uint32Array = noMarks;
  #markedCount = 0;
  #markedOctets = 0;
  readonly #isMarked = (index: number): boolean => this.isMarked(index);

  constructor(listing: Listing) {
    this.#listing = listing;
    this.#text = textOf(listing);
  }

  /** Messages that are not marked. */
  get count(): number {
    return this.#listing.count - this.#markedCount;
  }

  /** Octets of the messages that are not marked. */
  get totalOctets(): number {
    return this.#listing.totalOctets - this.#markedOctets;
  }

  get markedCount(): number {
    return this.#markedCount;
  }

  /** The one gate every message number passes: zero, too large and marked end here. */
  find(number: MessageNumber): MessageIndex | 'absent' | 'marked' {
    if (number < 1 || number > this.#listing.count) return 'absent';
    const index = (number - 1) as MessageIndex;
    return this.isMarked(index) ? 'marked' : index;
  }

  isMarked(index: number): boolean {
    if (this.#markedCount === 0) return false;
    return (numberAt(this.#marks, index >>> 5) & (1 << (index & 31))) !== 0;
  }

  /** Marks a message that `find` has just found. */
  mark(index: MessageIndex): void {
    if (this.#marks.length === 0) {
      this.#marks = new Uint32Array(Math.ceil(this.#listing.count / wordBits));
    }
    const word = index >>> 5;
    this.#marks[word] = numberAt(this.#marks, word) | (1 << (index & 31));
    this.#markedCount += 1;
    this.#markedOctets += this.octets(index);
  }

  unmarkAll(): void {
    this.#marks = noMarks;
    this.#markedCount = 0;
    this.#markedOctets = 0;
  }

  /** The marked messages, in order. */
  marked(): MessageIndex[] {
    const indexes: MessageIndex[] = [];
    for (const [word, bits] of this.#marks.entries()) {
      for (let rest = bits; rest !== 0; rest &= rest - 1) {
        // The lowest bit that is left.
        indexes.push((word * wordBits + 31 - Math.clz32(rest & -rest)) as MessageIndex);
      }
    }
    return indexes;
  }

  /** What LIST says: the octets RETR delivers, unstuffed (RFC 1939 §11). */
  octets(index: MessageIndex): number {
    return numberAt(this.#listing.octets, index);
  }

  /** What passes over the wire before the final dot. */
  wireOctets(index: MessageIndex): number {
    return numberAt(this.#listing.wireOctets, index);
  }

  uidl(index: MessageIndex): string {
    return uidlOf(this.#listing, index);
  }

  /** How many blocks a listing of all messages has. */
  get blocks(): number {
    return this.#text.blocks;
  }

  /** The lines of one block of LIST or UIDL, marked messages left out; for reading only. */
  block(kind: ListingKind, block: number): Uint8Array {
    return this.#hasMarks(block)
      ? this.#text.without(kind, block, this.#isMarked)
      : this.#text.whole(kind, block);
  }

  #hasMarks(block: number): boolean {
    const from = block * wordsInBlock;
    return this.#marks.subarray(from, from + wordsInBlock).some((bits) => bits !== 0);
  }
}
