/**
 * Finds the bytes of the values in a binary COPY of one column, in whatever pieces it arrives.
 *
 * Rules: PostgreSQL documentation, COPY, "Binary Format": a signature of 11 octets, flags, a header
 * extension with its length; for each row the number of fields, then each field behind its length;
 * -1 in the place of a number of fields ends it.
 *
 * signature -> field count -> field length -> value -> field count ... -> trailer.
 */

import { StoreError } from '../errors.ts';

const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const headerOctets = signature.length + 8;

type Part = 'header' | 'field-count' | 'field-length' | 'value' | 'trailer';

const partOctets = { header: headerOctets, 'field-count': 2, 'field-length': 4 } as const;

export class CopyDecoder {
  /** Rows begun so far. */
  rows = 0;

  readonly #value: (bytes: Buffer) => void;
  #part: Part = 'header';
  #missing: number = headerOctets;
  #held: Buffer[] = [];

  /** @param value is given bytes that hold until it returns */
  constructor(value: (bytes: Buffer) => void) {
    this.#value = value;
  }

  /** Whether the trailer was seen. */
  get complete(): boolean {
    return this.#part === 'trailer';
  }

  receive(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && this.#part !== 'trailer') {
      const end = Math.min(bytes.length, at + this.#missing);
      const piece = bytes.subarray(at, end);
      this.#missing -= piece.length;
      at = end;
      if (this.#part === 'value') {
        this.#value(piece);
        if (this.#missing === 0) this.#expect('field-count');
      } else {
        // A few octets, kept beyond the read they came in.
        this.#held.push(Buffer.from(piece));
        if (this.#missing === 0) this.#handle(Buffer.concat(this.#held));
      }
    }
  }

  #expect(part: 'header' | 'field-count' | 'field-length'): void {
    this.#part = part;
    this.#missing = partOctets[part];
    this.#held = [];
  }

  #handle(bytes: Buffer): void {
    if (this.#part === 'header') {
      if (!bytes.subarray(0, signature.length).equals(signature) || bytes.readInt32BE(15) !== 0) {
        throw new StoreError('STORE_CORRUPT', 'not a binary COPY');
      }
      this.#expect('field-count');
    } else if (this.#part === 'field-count') {
      if (bytes.readInt16BE(0) === -1) {
        this.#part = 'trailer';
        return;
      }
      this.rows += 1;
      this.#expect('field-length');
    } else {
      const octets = bytes.readInt32BE(0);
      if (octets > 0) {
        this.#part = 'value';
        this.#missing = octets;
      } else {
        this.#expect('field-count');
      }
    }
  }
}
