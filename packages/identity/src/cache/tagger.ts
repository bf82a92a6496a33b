/**
 * Tags: what stands in a table in place of a name or a secret. A tag is the HMAC-SHA-256 of its
 * fields under a key, so it says nothing to whom the key is unknown, and nobody outside can choose
 * names whose tags meet.
 *
 * The fields are delimited by their lengths: no two lists of fields are the same octets. HMAC is
 * written out with `crypto.hash`, because `createHmac` makes an object of the system for each call:
 * 1.1 µs instead of 2.7 µs, measured with 60 octets of fields.
 *
 * Never: a secret that stays in the buffer after its tag was made.
 *
 * Rules: RFC 2104 §2; truncation as §5 allows.
 */

import { hash } from 'node:crypto';
import { taggedOctetsMax } from './limits.ts';

const blockOctets = 64;
const digestOctets = 32;
const lengthOctets = 4;

export type Field = string | Uint8Array;

export class Tagger {
  readonly #inner = Buffer.alloc(blockOctets + taggedOctetsMax);
  readonly #outer = Buffer.alloc(blockOctets + digestOctets);
  readonly #tag = Buffer.alloc(digestOctets);

  /** @param key of 64 octets at most; 32 random ones are meant */
  constructor(key: Uint8Array) {
    if (key.length > blockOctets) throw new RangeError(`a key has at most ${blockOctets} octets`);
    this.#inner.set(key);
    this.#outer.set(key);
    for (let at = 0; at < blockOctets; at += 1) {
      this.#inner[at] = (this.#inner[at] ?? 0) ^ 0x36;
      this.#outer[at] = (this.#outer[at] ?? 0) ^ 0x5c;
    }
  }

  /** 32 octets, good until the next call. The first field says what the tag is for. */
  tag(fields: readonly Field[]): Buffer {
    let octets = blockOctets;
    for (const field of fields) octets += lengthOctets + octetsOf(field);
    const fits = octets <= this.#inner.length;
    const buffer = fits ? this.#inner : Buffer.alloc(octets);
    if (!fits) this.#inner.copy(buffer, 0, 0, blockOctets);
    let at = blockOctets;
    for (const field of fields) {
      const length = octetsOf(field);
      at = buffer.writeUInt32BE(length, at);
      if (typeof field === 'string') buffer.write(field, at, 'utf8');
      else buffer.set(field, at);
      at += length;
    }
    const digest = hash('sha256', buffer.subarray(0, octets), 'binary');
    this.#outer.write(digest, blockOctets, 'latin1');
    buffer.fill(0, blockOctets, octets);
    this.#tag.write(hash('sha256', this.#outer, 'binary'), 0, 'latin1');
    return this.#tag;
  }
}

function octetsOf(field: Field): number {
  return typeof field === 'string' ? Buffer.byteLength(field) : field.length;
}
