/**
 * Octets that come in pieces of any size and are wanted as one: small pieces are copied into blocks, large ones
 * are kept as they are, so that neither the number of pieces nor their size makes more work than their octets do.
 *
 * Never: what is held copied again because more comes; an object kept for each octet.
 */

import { gatheredBlockOctets, gatheredPieceOctetsMin } from './limits.ts';

export class GatheredOctets {
  #parts: Buffer[] = [];
  /** What of the last block is free. */
  #free: Buffer = Buffer.alloc(0);
  /** What of it is taken and not among the parts yet. */
  #taken: Buffer | null = null;
  #octets = 0;

  get octets(): number {
    return this.#octets;
  }

  /** Large pieces must not be written again. */
  push(piece: Buffer): void {
    this.#octets += piece.length;
    if (piece.length >= gatheredPieceOctetsMin) {
      this.#seal();
      this.#parts.push(piece);
      return;
    }
    for (let at = 0; at < piece.length; ) at += this.#copy(piece, at);
  }

  /** All of it, in order; nothing is held afterwards. */
  take(): Buffer {
    this.#seal();
    const [first] = this.#parts;
    const whole =
      first !== undefined && this.#parts.length === 1 ? first : Buffer.concat(this.#parts);
    this.clear();
    return whole;
  }

  clear(): void {
    this.#parts = [];
    this.#taken = null;
    this.#octets = 0;
  }

  #copy(piece: Buffer, at: number): number {
    if (this.#free.length === 0) {
      this.#seal();
      this.#free = Buffer.allocUnsafeSlow(gatheredBlockOctets);
    }
    const copied = piece.copy(this.#free, 0, at);
    const before = this.#taken?.length ?? 0;
    // Both are views of one block, one behind the other.
    const { buffer, byteOffset } = this.#free;
    this.#taken = Buffer.from(buffer, byteOffset - before, before + copied);
    this.#free = this.#free.subarray(copied);
    return copied;
  }

  #seal(): void {
    if (this.#taken !== null) this.#parts.push(this.#taken);
    this.#taken = null;
  }
}
