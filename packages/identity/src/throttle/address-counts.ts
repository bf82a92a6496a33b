/**
 * How many connections each address has on this node, over all its workers, so that one address
 * cannot take all the room there is.
 *
 * Theory of operation. Each worker has a plane of counters that it alone writes and that all read;
 * the sum over the planes is the node's count. A worker begins by clearing its plane, so the counts
 * of one that died go when it is replaced. A plane has two rows, and an address has a slot in each, by
 * two halves of one keyed hash: the lower of the two sums is the count. It can only be too high, where
 * other addresses share both slots, and nobody outside can choose such addresses.
 *
 * Two workers that let in at the same moment may go beyond the limit by one each.
 *
 * Never: an address in the clear; a counter that another worker changes.
 */

import { Tagger } from '../cache/tagger.ts';
import { addressPrefixes } from './address-prefix.ts';
import { countSlotsMax } from './limits.ts';
import type { Networks } from './networks.ts';

const rows = 2;
const planeSlots = rows * countSlotsMax;

export interface AddressCountsParts {
  readonly memory: SharedArrayBuffer;
  /** Random, the same for all workers of the node. */
  readonly key: Uint8Array;
  /** Which plane is ours. */
  readonly worker: number;
  /** Connections of an IPv4 address or an IPv6 /64. */
  readonly connectionsMax: number;
  /** Networks that are not counted. */
  readonly exempt: Networks;
}

export class AddressCounts {
  readonly #counts: Int32Array;
  readonly #planes: number;
  readonly #plane: number;
  readonly #tagger: Tagger;
  /** May be changed at any time; connections that stand are not touched. */
  connectionsMax: number;
  readonly #exempt: Networks;

  constructor(parts: AddressCountsParts) {
    this.#counts = new Int32Array(parts.memory);
    this.#planes = Math.floor(this.#counts.length / planeSlots);
    if (parts.worker >= this.#planes) throw new RangeError('a worker has a plane of its own');
    this.#plane = parts.worker * planeSlots;
    this.#counts.fill(0, this.#plane, this.#plane + planeSlots);
    this.#tagger = new Tagger(parts.key);
    this.connectionsMax = parts.connectionsMax;
    this.#exempt = parts.exempt;
  }

  static allocate(workers: number): SharedArrayBuffer {
    return new SharedArrayBuffer(workers * planeSlots * Int32Array.BYTES_PER_ELEMENT);
  }

  /** Counts one more connection; false, and it is not counted, when the address has its share. */
  enter(address: string): boolean {
    if (this.#exempt.has(address)) return true;
    const slots = this.#slotsOf(address);
    if (Math.min(...slots.map((slot) => this.#sum(slot))) >= this.connectionsMax) return false;
    for (const slot of slots) Atomics.add(this.#counts, this.#plane + slot, 1);
    return true;
  }

  /** One connection less; to be called once for each that entered. */
  leave(address: string): void {
    if (this.#exempt.has(address)) return;
    for (const slot of this.#slotsOf(address)) Atomics.sub(this.#counts, this.#plane + slot, 1);
  }

  /** Connections of this address on the node. */
  count(address: string): number {
    return Math.min(...this.#slotsOf(address).map((slot) => this.#sum(slot)));
  }

  #slotsOf(address: string): number[] {
    const tag = this.#tagger.tag(['connections', addressPrefixes(address).host]);
    return Array.from(
      { length: rows },
      (_, row) => row * countSlotsMax + (tag.readUInt32LE(row * 4) % countSlotsMax),
    );
  }

  #sum(slot: number): number {
    let sum = 0;
    for (let plane = 0; plane < this.#planes; plane += 1) {
      sum += Atomics.load(this.#counts, plane * planeSlots + slot);
    }
    return sum;
  }
}
