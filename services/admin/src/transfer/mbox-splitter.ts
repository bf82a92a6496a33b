/**
 * Splits an mbox into its messages while it is read. Bytes in, messages out; no file is touched here.
 *
 * Theory of operation. Only whole lines are looked at: what follows the last line feed of a chunk is
 * held until more comes. In these lines, those that begin with `From ` are found by one search.
 * The first line of the file tells the kind of mbox: where it has a date, a line is a From_ line
 * exactly if it has one too; where it has none, any `From ` line behind an empty line is. What lies
 * between two of them, less one empty line at its end, is a message; then one `>` is taken from every
 * line of `>` characters and `From ` (mboxrd, which undoes mboxo as well). Content-Length is ignored,
 * because it is wrong as soon as somebody edits the file.
 *
 * Never: more in memory than one message, one chunk and one line; a message above the limit is
 * dropped while it is read, and counted.
 *
 * Rules: RFC 4155; qmail's mbox(5) for the quoting.
 */

import { beginsFromLine, fromLineDate } from './from-line.ts';
import { GatheredOctets } from './gathered-octets.ts';
import { fromLineOctetsMax, mboxLineOctetsMax } from './limits.ts';

export interface MboxMessage {
  /** Null when it was larger than the limit. */
  readonly content: Uint8Array | null;
  readonly receivedAt: Date | null;
  /** Octets of the file from its From_ line to the next one. */
  readonly inputOctets: number;
}

const lf = 0x0a;
const cr = 0x0d;
const quoteMark = 0x3e;
const searched = Buffer.from('\nFrom ');
const quoted = Buffer.from('>From ');
/** Within a line: of a file whose lines end with CR alone all would be its first From_ line. */
const bareReturn = /\r(?!\n?$)/;

export class MboxSplitter {
  readonly #messageOctetsMax: number;
  readonly #held = new GatheredOctets();
  /** Whether what is held begins a line. */
  #atLine = true;
  /** Whether the line before what is held was empty; so is the one before the file. */
  #behindEmptyLine = true;
  /** Null until the first From_ line. */
  #isDated: boolean | null = null;
  #inMessage = false;
  #receivedAt: Date | null = null;
  readonly #message = new GatheredOctets();
  #octets = 0;
  #inputOctets = 0;
  #found: MboxMessage[] = [];

  constructor(messageOctetsMax: number) {
    this.#messageOctetsMax = messageOctetsMax;
  }

  /** Octets before the first From_ line: not an mbox if there are any but line ends. */
  strayOctets = 0;

  /** Octets in memory: of the message at hand, and of a line that is not complete. */
  get bufferedOctets(): number {
    return this.#message.octets + this.#held.octets;
  }

  /** The messages that end in these bytes. Keeps parts of `chunk`; it must not be written again. */
  push(chunk: Buffer): MboxMessage[] {
    const end = chunk.lastIndexOf(lf) + 1;
    const isLong = end === 0 && this.#held.octets + chunk.length > mboxLineOctetsMax;
    const take = isLong ? chunk.length : end;
    if (take > 0) {
      this.#held.push(chunk.subarray(0, take));
      this.#lines(this.#held.take());
    }
    if (take < chunk.length) this.#held.push(chunk.subarray(take));
    return this.#takeFound();
  }

  /** The last message. */
  finish(): MboxMessage[] {
    if (this.#held.octets > 0) this.#lines(this.#held.take());
    this.#endMessage();
    return this.#takeFound();
  }

  #takeFound(): MboxMessage[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  /** Whole lines, or a part of one that is very long. */
  #lines(bytes: Buffer): void {
    let begun = 0;
    let at = this.#atLine && beginsFromLine(bytes, 0) ? 0 : nextFrom(bytes, 0);
    while (at >= 0) {
      const lineEnd = bytes.indexOf(lf, at);
      const next = lineEnd < 0 ? bytes.length : lineEnd + 1;
      const line = bytes.toString('latin1', at, Math.min(next, at + fromLineOctetsMax));
      const date = fromLineDate(line);
      const mayBe = next - at <= fromLineOctetsMax && !bareReturn.test(line);
      if (mayBe && this.#isFromLine(bytes, at, date)) {
        this.#keep(bytes, begun, at);
        this.#endMessage();
        this.#isDated ??= date !== null;
        this.#inMessage = true;
        this.#receivedAt = date;
        this.#inputOctets = next - at;
        begun = next;
      }
      at = nextFrom(bytes, next - 1);
    }
    this.#keep(bytes, begun, bytes.length);
    this.#behindEmptyLine = isBehindEmptyLine(bytes, bytes.length, this.#atLine);
    this.#atLine = bytes[bytes.length - 1] === lf;
  }

  #isFromLine(bytes: Buffer, at: number, date: Date | null): boolean {
    if (this.#isDated === true) return date !== null;
    return at === 0 ? this.#behindEmptyLine : isBehindEmptyLine(bytes, at, this.#atLine);
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    if (start === end) return;
    if (!this.#inMessage) {
      this.strayOctets += end - start;
      return;
    }
    this.#inputOctets += end - start;
    this.#octets += end - start;
    // An empty line more is still allowed: it is not part of the message.
    if (this.#octets > this.#messageOctetsMax + 2) this.#message.clear();
    else this.#message.push(bytes.subarray(start, end));
  }

  #endMessage(): void {
    if (!this.#inMessage) return;
    const isTooLarge = this.#octets > this.#messageOctetsMax + 2;
    const whole = this.#message.take();
    this.#found.push({
      content: isTooLarge ? null : withoutQuoting(withoutLastEmptyLine(whole)),
      receivedAt: this.#receivedAt,
      inputOctets: this.#inputOctets,
    });
    this.#octets = 0;
    this.#inMessage = false;
  }
}

/** Where the next line begins that begins with `From `; `from` is at or before its line feed. */
function nextFrom(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(searched, from);
  return at < 0 ? -1 : at + 1;
}

/** Whether the line that ends just before `at` is empty. */
function isBehindEmptyLine(bytes: Buffer, at: number, beginsLine: boolean): boolean {
  if (bytes[at - 1] !== lf) return false;
  const before = bytes[at - 2] === cr ? at - 3 : at - 2;
  return before < 0 ? beginsLine : bytes[before] === lf;
}

function withoutLastEmptyLine(bytes: Buffer): Buffer {
  if (!isBehindEmptyLine(bytes, bytes.length, true)) return bytes;
  return bytes.subarray(0, bytes[bytes.length - 2] === cr ? -2 : -1);
}

/** One `>` less on each line of `>` characters and `From `. */
function withoutQuoting(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  let kept = 0;
  let at = bytes.indexOf(quoted);
  while (at >= 0) {
    let start = at;
    while (start > kept && bytes[start - 1] === quoteMark) start -= 1;
    if (start === 0 || bytes[start - 1] === lf) {
      parts.push(bytes.subarray(kept, start));
      kept = start + 1;
    }
    at = bytes.indexOf(quoted, at + quoted.length);
  }
  return parts.length === 0 ? bytes : Buffer.concat([...parts, bytes.subarray(kept)]);
}
