/**
 * Memory for bodies on their way through, lent out in pieces and used again when they come back.
 *
 * A mail host moves gigabytes through a worker that itself needs a few megabytes. Fresh memory for each
 * body makes V8 collect all of its heap every hundred megabytes, which costs more than the bodies do. So
 * values are copied out of the buffer that sockets are read into, each into a block of its own: a power of
 * two of octets, of which some are kept for the next values of that size. A block that does not come back
 * costs no more than fresh memory would have, and holds nobody else's mail.
 *
 * Who has a piece may read it until it is given back, and must not keep or read it afterwards.
 *
 * Never: a piece written to while it is out; a piece taken back twice; blocks kept beyond the bound.
 */

import { lentBlockOctetsMax, lentBlockOctetsMin, lentKeptOctets } from '../limits.ts';

const nothing = Buffer.alloc(0);

interface Block {
  readonly bytes: Buffer;
  /** The piece that is out: a view of its own for each loan, so that no former one passes for it. */
  out: Buffer | null;
}

export class LentMemory {
  /** Blocks that are here, by the logarithm of their octets. */
  readonly #kept: Block[][] = Array.from({ length: Math.log2(lentBlockOctetsMax) + 1 }, () => []);
  #keptOctets = 0;
  /** By their memory: whose pieces these are. */
  readonly #blocks = new WeakMap<ArrayBufferLike, Block>();

  /** A copy that is the caller's until it is given back, or for ever. */
  lend(bytes: Uint8Array): Buffer {
    const octets = bytes.length;
    if (octets === 0) return nothing;
    if (octets > lentBlockOctetsMax) return Buffer.from(bytes);
    const block = this.#take(octets);
    block.bytes.set(bytes);
    block.out = block.bytes.subarray(0, octets);
    return block.out;
  }

  /** Once for each piece, and the very object that was lent. What was not lent here is left alone. */
  takeBack(bytes: Uint8Array): void {
    const block = this.#blocks.get(bytes.buffer);
    if (block === undefined) return;
    // Or else somebody's mail would be written over somebody else's, who may have the block by now.
    if (block.out !== bytes) throw new RangeError('a piece came back twice');
    block.out = null;
    const octets = block.bytes.length;
    if (this.#keptOctets + octets > lentKeptOctets) return;
    this.#keptOctets += octets;
    this.#kept[Math.log2(octets)]?.push(block);
  }

  #take(octets: number): Block {
    const power = 32 - Math.clz32(Math.max(octets, lentBlockOctetsMin) - 1);
    const kept = this.#kept[power]?.pop();
    if (kept !== undefined) {
      this.#keptOctets -= kept.bytes.length;
      return kept;
    }
    const block = { bytes: Buffer.allocUnsafeSlow(2 ** power), out: null };
    this.#blocks.set(block.bytes.buffer, block);
    return block;
  }
}

/** That of this thread. */
export const lentMemory = new LentMemory();

/** Bytes that the store has lent and that nobody will look at any more: once for each. */
export function giveBack(bytes: Uint8Array): void {
  lentMemory.takeBack(bytes);
}
