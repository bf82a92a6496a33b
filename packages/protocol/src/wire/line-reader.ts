/**
 * Turns the octets of a connection into lines, each at most as long as its caller allows.
 *
 * Operations: append octets, take the next line, look at or take away what is pending. Complexity
 * goal: linear in the octets received, however they were cut; no octet is searched twice. Plan: one
 * buffer with a window [start, end) of pending octets and a mark of how far it was searched. Octets
 * that arrive while nothing is pending are adopted by reference; those that arrive behind a partial
 * line are appended to a buffer of our own that grows by doubling.
 *
 * An overlong line is dropped as it arrives, so it costs no memory, and is reported once, when its
 * end was seen: what follows it is a new command again.
 *
 * Never: interpret a line; hold more than the caller pushed; grow because of a line over its bound.
 * The bounds are in `limits.ts`.
 */

/** No complete line is pending: push more octets. */
export const needData = 'need-data';
/** A line longer than allowed ended here; its octets are gone. */
export const overlong = 'overlong';

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const empty = new Uint8Array(0);
/** The smallest buffer of our own: a partial POP3 command and its rest fit without growing. */
const ownOctetsMin = 256;

export class LineReader {
  readonly #bareLf: boolean;
  #bytes: Uint8Array = empty;
  /** True when `#bytes` was allocated here, so it may be written to. */
  #own = false;
  #start = 0;
  #end = 0;
  /** Octets before this index hold no end of line. */
  #searched = 0;
  /** Inside a line that was already found too long: drop octets up to its end. */
  #discarding = false;

  /**
   * @param options `bareLf`: whether a LF alone ends a line as CRLF does. If not, a line ends at
   *   CRLF only, and a LF elsewhere is an octet of the line.
   */
  constructor(options: { bareLf: boolean }) {
    this.#bareLf = options.bareLf;
  }

  /** Octets received and not yet returned. */
  get bufferedOctets(): number {
    return this.#end - this.#start;
  }

  /** Appends octets. The reader may keep a reference to them: the caller must not write to them. */
  push(bytes: Uint8Array): void {
    if (this.#start === this.#end) {
      this.#bytes = bytes;
      this.#own = false;
      this.#start = 0;
      this.#searched = 0;
      this.#end = bytes.length;
      return;
    }
    if (!this.#own || this.#end + bytes.length > this.#bytes.length) this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /**
   * The next line without its end: a view that is valid until the next call of any method.
   *
   * @param octetsMax the longest line allowed, its end included
   */
  next(octetsMax: number): Uint8Array | typeof needData | typeof overlong {
    const bytes = this.#bytes;
    const lf = this.#findEnd();
    if (lf === -1) {
      if (this.#discarding || this.#end - this.#start >= octetsMax) this.#discard();
      else if (this.#start === this.#end) this.#release();
      return needData;
    }
    const start = this.#start;
    this.#start = lf + 1;
    if (this.#discarding || lf + 1 - start > octetsMax) {
      this.#discarding = false;
      return overlong;
    }
    const crlf = lf > start && bytes[lf - 1] === carriageReturn;
    return bytes.subarray(start, crlf ? lf - 1 : lf);
  }

  /** The pending octets: a view that is valid until the next call of any method. */
  peek(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Gives away everything not yet returned, to be kept by the caller; null when there is nothing. */
  takeRest(): Uint8Array | null {
    if (this.#start === this.#end) return null;
    const rest = this.peek();
    this.#release();
    return rest;
  }

  /** The index of the LF that ends the next line, or -1. Everything looked at counts as searched. */
  #findEnd(): number {
    // `indexOf` must not run into the unused room of our own buffer: that would be searched again.
    const all = this.#bytes;
    const bytes = this.#end === all.length ? all : all.subarray(0, this.#end);
    let lf = bytes.indexOf(lineFeed, this.#searched);
    while (lf !== -1 && !this.#isEnd(lf)) lf = bytes.indexOf(lineFeed, lf + 1);
    this.#searched = lf === -1 ? this.#end : lf + 1;
    return lf;
  }

  /** Whether the LF at this index ends the line that begins at `#start`. */
  #isEnd(lf: number): boolean {
    return this.#bareLf || (lf > this.#start && this.#bytes[lf - 1] === carriageReturn);
  }

  /** Drops what is pending of an overlong line, but for a CR that may be half of its end. */
  #discard(): void {
    const cr = this.#end > this.#start && this.#bytes[this.#end - 1] === carriageReturn;
    this.#discarding = true;
    this.#start = cr ? this.#end - 1 : this.#end;
  }

  #release(): void {
    this.#bytes = empty;
    this.#own = false;
    this.#start = 0;
    this.#end = 0;
    this.#searched = 0;
  }

  /**
   * Makes `#bytes` a new buffer of our own with room for `more` octets behind the pending ones, and
   * for as many again: at least half of what is moved was pushed since the last time, so moving is
   * linear, and the buffer's size depends on what is pending, not on what was returned.
   */
  #makeRoom(more: number): void {
    const pending = this.peek();
    const grown = new Uint8Array(Math.max(ownOctetsMin, (pending.length + more) * 2));
    grown.set(pending);
    this.#bytes = grown;
    this.#own = true;
    this.#searched -= this.#start;
    this.#start = 0;
    this.#end = pending.length;
  }
}
