/**
 * Makes every end of line CRLF: a bare LF and a bare CR become CRLF each, and a last line without an
 * end is given one. Mail is stored this way once, at delivery, so that sizes are exact and sending
 * needs no scan (RFC 1939 §11 counts each end of line as two octets; RFC 5321 §2.3.8 knows CRLF only).
 *
 * State is carried across any cut of the input. Content that already has CRLF ends passes as runs of
 * the bytes given.
 *
 * Never: keep a reference to the bytes after the call returns; look at anything but ends of lines.
 */

import { carriageReturn as cr, lineFeed as lf, octetAt } from './ascii.ts';
import type { RunSink } from './dot-stuffing.ts';

const crlf = new Uint8Array([cr, lf]);

export class CrlfNormaliser implements RunSink {
  readonly #sink: RunSink;
  /** The last byte was a CR, already answered by CRLF: an LF right behind it belongs to it. */
  #swallowLf = false;
  /** Everything handed on so far ends with CRLF. True of nothing at all: an empty text stays empty. */
  #lineEnded = true;

  constructor(sink: RunSink) {
    this.#sink = sink;
  }

  run(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    let at = start;
    if (this.#swallowLf && bytes[at] === lf) at += 1;
    this.#swallowLf = false;
    let runStart = at;
    while (at < end) {
      const octet = bytes[at];
      if (octet === cr && bytes[at + 1] === lf && at + 1 < end) {
        at += 2;
      } else if (octet === cr || octet === lf) {
        if (runStart < at) this.#sink.run(bytes, runStart, at);
        this.#sink.run(crlf, 0, 2);
        at += 1;
        runStart = at;
        this.#swallowLf = octet === cr && at === end;
      } else {
        at += 1;
        while (at < end && octetAt(bytes, at) > cr) at += 1;
      }
    }
    if (runStart < end) this.#sink.run(bytes, runStart, end);
    // A run never ends in a bare LF, so a last LF always means that CRLF was handed on last.
    this.#lineEnded = bytes[end - 1] === lf || bytes[end - 1] === cr;
  }

  /** The text is complete: its last line gets its CRLF if it has none. */
  finish(): void {
    if (!this.#lineEnded) this.#sink.run(crlf, 0, 2);
    this.#lineEnded = true;
  }
}
