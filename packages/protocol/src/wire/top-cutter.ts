/**
 * Cuts the beginning of a message out of its wire form as it passes: the header, the blank line and
 * some lines of the body (RFC 1939 §7 TOP).
 *
 * The wire form has CRLF lines; a stuffed dot changes neither where a line ends nor which is blank.
 * State carried across a cut: whether we are in the header, whether its current line may still be
 * the blank one, and how many body lines are still wanted.
 *
 * Never: hold octets back; look at what follows the last line wanted.
 */

import { carriageReturn, lineFeed } from './ascii.ts';

export class TopCutter {
  #inHeader = true;
  /** Octets of the current header line before its LF, as far as it has passed. */
  #lineOctets = 0;
  /** True while they are nothing but, perhaps, one CR. */
  #blankSoFar = true;
  #linesWanted: number;

  /** @param bodyLines lines of the body that are wanted; 0 for the header alone */
  constructor(bodyLines: number) {
    this.#linesWanted = bodyLines;
  }

  /** Everything wanted has passed. */
  get satisfied(): boolean {
    return !this.#inHeader && this.#linesWanted === 0;
  }

  /** The line that ends the header has passed. */
  get headerEnded(): boolean {
    return !this.#inHeader;
  }

  /** How many octets of this piece are wanted. */
  cut(piece: Uint8Array): number {
    let at = this.#inHeader ? this.#passHeader(piece) : 0;
    if (this.#inHeader) return at;
    while (this.#linesWanted > 0 && at < piece.length) {
      const lf = piece.indexOf(lineFeed, at);
      if (lf === -1) return piece.length;
      this.#linesWanted -= 1;
      at = lf + 1;
    }
    return at;
  }

  /** The index where the body begins in this piece, or its length. */
  #passHeader(piece: Uint8Array): number {
    let at = 0;
    while (at < piece.length) {
      const lf = piece.indexOf(lineFeed, at);
      const octets = (lf === -1 ? piece.length : lf) - at;
      this.#lineOctets += octets;
      if (this.#lineOctets > 1 || (octets === 1 && piece[at] !== carriageReturn)) {
        this.#blankSoFar = false;
      }
      if (lf === -1) return piece.length;
      at = lf + 1;
      if (this.#blankSoFar) {
        this.#inHeader = false;
        return at;
      }
      this.#lineOctets = 0;
      this.#blankSoFar = true;
    }
    return at;
  }
}
