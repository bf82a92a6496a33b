/**
 * Dot-stuffing in both directions, as machines that carry their state across any cut of the input:
 * `DotEncoder` doubles a dot at the beginning of a line (RFC 1939 §3, RFC 5321 §4.5.2), `DotDecoder`
 * takes it away and finds the line that is a dot alone.
 *
 * Both hand on runs of the bytes they were given, never copies and never single bytes, so text that
 * needs no change costs one scan. A line ends at CRLF and nowhere else: a bare LF or a bare CR is
 * content. Treating either as an end of line is how a second message is smuggled into the first.
 *
 * Never: keep a reference to the bytes after the call returns; look at anything but lines and dots.
 */

import { carriageReturn as cr, lineFeed as lf } from './ascii.ts';

const dot = 0x2e;

/** Takes `bytes[start..end)`. The bytes are the caller's again when the call returns. */
export interface RunSink {
  run(bytes: Uint8Array, start: number, end: number): void;
}

/** A CR that had to be held back until the next byte showed that it is content. */
const heldCr = new Uint8Array([cr]);

// States, shared by both machines. The last two are the decoder's alone.
const lineStart = 0;
const inText = 1;
const afterCr = 2;
const afterDot = 3;
const afterDotCr = 4;

/** Doubles the dot of every line that begins with one, the very first line included. */
export class DotEncoder implements RunSink {
  readonly #sink: RunSink;
  #state = lineStart;
  #stuffedOctets = 0;

  constructor(sink: RunSink) {
    this.#sink = sink;
  }

  /** How many octets were added so far. */
  get stuffedOctets(): number {
    return this.#stuffedOctets;
  }

  run(bytes: Uint8Array, start: number, end: number): void {
    let state = this.#state;
    let runStart = start;
    let at = start;
    while (at < end) {
      if (state === inText) {
        while (at < end && bytes[at] !== cr) at += 1;
        if (at === end) break;
        at += 1;
        state = afterCr;
      } else if (state === afterCr) {
        const octet = bytes[at];
        if (octet === lf) state = lineStart;
        else if (octet !== cr) state = inText;
        at += 1;
      } else {
        if (bytes[at] === dot) {
          // The run up to and with the dot, then the dot once more as the head of the next run.
          this.#sink.run(bytes, runStart, at + 1);
          this.#stuffedOctets += 1;
          runStart = at;
          at += 1;
        }
        state = inText;
      }
    }
    if (runStart < end) this.#sink.run(bytes, runStart, end);
    this.#state = state;
  }
}

/**
 * Takes stuffed dots away and ends at CRLF.CRLF only; the dot line may also be the very first.
 * One decoder reads one message: after the end it must not be given more.
 */
export class DotDecoder {
  readonly #sink: RunSink;
  #state = lineStart;

  constructor(sink: RunSink) {
    this.#sink = sink;
  }

  /**
   * Reads `bytes` from `start` on. Answers the offset just behind the dot line, where the peer's next
   * command begins, or -1 when the message goes on.
   */
  decode(bytes: Uint8Array, start: number): number {
    const end = bytes.length;
    let state = this.#state;
    let runStart = start;
    let at = start;
    while (at < end) {
      if (state === inText) {
        while (at < end && bytes[at] !== cr) at += 1;
        if (at === end) break;
        at += 1;
        state = afterCr;
        continue;
      }
      const octet = bytes[at];
      if (state === afterCr) {
        if (octet === lf) state = lineStart;
        else if (octet !== cr) state = inText;
        at += 1;
      } else if (state === lineStart) {
        state = inText;
        if (octet === dot) {
          if (runStart < at) this.#sink.run(bytes, runStart, at);
          at += 1;
          runStart = at;
          state = afterDot;
        }
      } else if (state === afterDot) {
        // RFC 5321 §4.5.2: a dot that is not alone on its line is taken away, whatever follows it.
        if (octet === cr) {
          at += 1;
          state = afterDotCr;
        } else state = inText;
      } else {
        if (octet === lf) return at + 1;
        // The CR was content after all; only one from an earlier call is not part of this run.
        if (at === start) this.#sink.run(heldCr, 0, 1);
        state = afterCr;
      }
    }
    if (state !== afterDotCr && runStart < end) this.#sink.run(bytes, runStart, end);
    this.#state = state;
    return -1;
  }
}
