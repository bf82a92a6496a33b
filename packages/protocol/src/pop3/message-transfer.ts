/**
 * One message on its way to the client: RETR's whole one, or TOP's beginning of it.
 *
 * Pieces come in wire form (CRLF lines, dots stuffed) and go out as they are. For RETR nothing of
 * them is looked at but their length and their last two octets. One piece is always held back until
 * the next one or the end is known, so that the last piece, a missing end of line and the dot leave
 * together: some clients stall when the dot comes in a packet of its own.
 *
 * Never: end a message with a dot that is not whole (RETR), or that broke off before TOP had what it
 * wanted.
 */

import type { ReplyBuffer } from '../wire/reply-buffer.ts';
import { TopCutter } from '../wire/top-cutter.ts';
import type { Extent } from './effects.ts';
import { endOfLine, endOfList } from './reply.ts';

const crLf = 0x0d0a;

export class MessageTransfer {
  readonly #output: ReplyBuffer;
  readonly #wireOctets: number;
  readonly #cutter: TopCutter | null;
  #held: Uint8Array | null = null;
  /** Octets of the message that came in, wanted or not. */
  #passedOctets = 0;
  /** The last two octets sent, as one number; an empty message needs no end of line. */
  #lastTwo = crLf;

  /** @param wireOctets what the whole message must come to */
  constructor(output: ReplyBuffer, extent: Extent, wireOctets: number) {
    this.#output = output;
    this.#wireOctets = wireOctets;
    this.#cutter = extent.kind === 'top' ? new TopCutter(extent.bodyLines) : null;
  }

  /** RETR, not TOP. */
  get whole(): boolean {
    return this.#cutter === null;
  }

  /** Takes the next piece; false when no more is needed. The octets must not change afterwards. */
  piece(bytes: Uint8Array): boolean {
    this.#passedOctets += bytes.length;
    // More than there should be is not sent: `end` will find it.
    if (this.#passedOctets > this.#wireOctets) return false;
    const cutter = this.#cutter;
    this.#hold(cutter === null ? bytes : bytes.subarray(0, cutter.cut(bytes)));
    return cutter === null || !cutter.satisfied;
  }

  /** Ends the message with its dot; false, and without one, if it is not what it should be. */
  end(): boolean {
    const cutter = this.#cutter;
    const least = cutter?.satisfied === true ? 0 : this.#wireOctets;
    if (this.#passedOctets < least || this.#passedOctets > this.#wireOctets) return false;
    if (this.#held !== null) this.#output.append(this.#held);
    if (this.#lastTwo !== crLf) this.#output.append(endOfLine);
    // TOP promises the blank line; a message that is all header may have none (RFC 1939 §7).
    if (cutter?.headerEnded === false) this.#output.append(endOfLine);
    this.#output.append(endOfList);
    return true;
  }

  #hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#held !== null) this.#output.append(this.#held);
    this.#held = bytes;
    for (const octet of bytes.subarray(-2)) this.#lastTwo = ((this.#lastTwo << 8) | octet) & 0xffff;
  }
}
