/**
 * The PROXY protocol's header, versions 1 and 2, out of octets that arrive in any pieces. Which
 * version it is, its first octets say; whether there must be one at all, only the owner knows: nothing
 * here guesses (proxy-protocol.txt §5).
 *
 * Theory of operation. `receive` is called with what has arrived until it answers anything but
 * `need-more`; then the reader is spent. It refuses at the first octet that cannot be part of a
 * header, so it never holds more than `limits.ts` allows. What came behind the header is given back
 * untouched: it is the client's, and a second header in it is a command that nobody knows.
 *
 * Never: a throw because of any octets; a header read from octets that are not complete; a look at
 * what is behind it.
 */

import { assert } from '../assert.ts';
import { ascii, octetAt } from '../wire/ascii.ts';
import type { ProxyHeader, ProxyRefusal } from './header.ts';
import { version2BlockOctetsMax } from './limits.ts';
import { type FoundHeader, findVersion1 } from './version-1.ts';
import { findVersion2 } from './version-2.ts';

export type ProxyRead =
  | { readonly kind: 'need-more' }
  /** `rest` is a view of the octets received last. */
  | { readonly kind: 'header'; readonly header: ProxyHeader; readonly rest: Uint8Array }
  | { readonly kind: 'refused'; readonly reason: ProxyRefusal };

const keyword = ascii('PROXY ');
const signature = ascii('\r\n\r\n\0\r\nQUIT\n');
const headerOctetsMax = 16 + version2BlockOctetsMax;
const needMore: ProxyRead = { kind: 'need-more' };

export class ProxyHeaderReader {
  #held = new Uint8Array(0);
  #isSpent = false;

  /** @throws BrokenInvariant if it has answered with anything but `need-more` before */
  receive(bytes: Uint8Array): ProxyRead {
    assert(!this.#isSpent, 'a reader reads one header');
    const before = this.#held.length;
    this.#hold(bytes.subarray(0, headerOctetsMax - before));
    const found = find(this.#held);
    if (found === null) return needMore;
    this.#isSpent = true;
    this.#held = new Uint8Array(0);
    if (typeof found === 'string') return { kind: 'refused', reason: found };
    // A header that ended in what was held before would have been found before.
    return { kind: 'header', header: found.header, rest: bytes.subarray(found.end - before) };
  }

  /** Copies everything each time: a header comes in one piece, or a slow proxy costs a little. */
  #hold(bytes: Uint8Array): void {
    const held = new Uint8Array(this.#held.length + bytes.length);
    held.set(this.#held);
    held.set(bytes, this.#held.length);
    this.#held = held;
  }
}

function find(bytes: Uint8Array): FoundHeader | ProxyRefusal | null {
  if (beginsLike(bytes, keyword)) return findVersion1(bytes);
  if (beginsLike(bytes, signature)) return findVersion2(bytes);
  return 'not-proxy';
}

/** As far as both go. */
function beginsLike(bytes: Uint8Array, beginning: Uint8Array): boolean {
  return bytes
    .subarray(0, beginning.length)
    .every((octet, index) => octet === octetAt(beginning, index));
}
