/**
 * Reads what a server answers and compares it with what is due: the status of every reply, the octets
 * and the lines of what follows it, and the terminator. What is not as it should be ends the run.
 *
 * Theory of operation. Replies are due in the order in which `expect` named them. One begins with a status
 * line; a body may follow. When its octets are known they are counted, not searched, and the last five
 * have to be the terminator; a body that ends with one too early is short. When they are not known the
 * terminator is searched for. Octets may come in pieces of any size.
 *
 * Never: a reply taken for good that was not looked at; a fault repaired.
 */

import { keptOctetsMax, statusLineOctetsMax } from './limits.ts';

/** The server did not say what it had to. */
export class LoadFault extends Error {
  override readonly name = 'LoadFault';
}

export interface Body {
  /** With its dots as they are sent and with the final dot line; null when it is not known. */
  readonly octets: number | null;
  /** Lines before the final dot; null when nobody counts them. */
  readonly lines: number | null;
  /** Wants to read it. */
  readonly keep?: true;
}

export interface Expected {
  /** `+OK`, or the first digits of an LMTP reply. */
  readonly status: string;
  /** The whole status line, where it is known. */
  readonly line?: string;
  readonly body?: Body;
}

export interface Reply {
  readonly line: string;
  /** Of the body; 0 without one. */
  readonly octets: number;
  /** The body without its final dot line, if it was to be kept. */
  readonly text: string;
}

const terminator = Buffer.from('\r\n.\r\n');
const lineFeed = 10;

export class ReplyReader {
  /** Everything that came. */
  octets = 0;
  readonly #completed: (reply: Reply) => void;
  readonly #due: Expected[] = [];
  #first = 0;
  /** The part of a status line that has come. */
  #begun = '';
  #line = '';
  #body: Body | null = null;
  #bodyOctets = 0;
  #lineFeeds = 0;
  /** The last octets, five at most: where the terminator will have been. */
  #last = Buffer.alloc(0);
  #kept: Buffer[] = [];

  constructor(completed: (reply: Reply) => void) {
    this.#completed = completed;
  }

  /** Replies that have not come. */
  get outstanding(): number {
    return this.#due.length - this.#first;
  }

  expect(expected: Expected): void {
    if (this.#first > 0 && this.#first === this.#due.length) {
      this.#due.length = 0;
      this.#first = 0;
    }
    this.#due.push(expected);
  }

  /** Throws LoadFault. The bytes are not kept: their memory may be used again. */
  push(bytes: Buffer): void {
    this.octets += bytes.length;
    let at = 0;
    while (at < bytes.length) {
      at = this.#body === null ? this.#readStatus(bytes, at) : this.#readBody(bytes, at);
    }
  }

  /** The connection is over: throws if anything was due. */
  end(): void {
    if (this.outstanding === 0 && this.#begun === '') return;
    const [where] = this.#due.slice(this.#first);
    const body = this.#body === null ? '' : ` after ${this.#bodyOctets} octets of a body`;
    throw new LoadFault(`closed with ${this.outstanding} replies due, ${where?.status}${body}`);
  }

  #readStatus(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(lineFeed, from);
    const to = end < 0 ? bytes.length : end + 1;
    this.#begun += bytes.toString('latin1', from, to);
    if (this.#begun.length > statusLineOctetsMax) throw new LoadFault('a status line without end');
    if (end < 0) return to;
    const line = this.#begun;
    this.#begun = '';
    if (!line.endsWith('\r\n')) throw new LoadFault(`not a line: ${JSON.stringify(line)}`);
    this.#status(line.slice(0, -2));
    return to;
  }

  #status(line: string): void {
    const expected = this.#due[this.#first];
    if (expected === undefined) throw new LoadFault(`said without being asked: ${line}`);
    if (!line.startsWith(expected.status)) throw new LoadFault(`not ${expected.status}: ${line}`);
    // LMTP: more lines of the same reply.
    if (expected.status !== '+OK' && line[3] === '-') return;
    if (expected.line !== undefined && expected.line !== line) {
      throw new LoadFault(`"${expected.line}" was due: ${line}`);
    }
    this.#line = line;
    if (expected.body === undefined) {
      this.#complete('');
      return;
    }
    this.#body = expected.body;
    this.#bodyOctets = 0;
    this.#lineFeeds = 0;
    // The end of the status line may be the beginning of the terminator.
    this.#last = terminator.subarray(0, 2);
    this.#kept = [];
  }

  #readBody(bytes: Buffer, from: number): number {
    const octets = this.#body?.octets ?? null;
    if (octets === null) return this.#searchBody(bytes, from);
    const to = Math.min(bytes.length, from + octets - this.#bodyOctets);
    this.#take(bytes.subarray(from, to));
    const isEnded = this.#last.equals(terminator);
    if (this.#bodyOctets === octets) {
      if (!isEnded) throw new LoadFault(`no terminator after ${octets} octets: ${this.#line}`);
      this.#endBody();
    } else if (isEnded) {
      throw new LoadFault(`${this.#bodyOctets} octets instead of ${octets}: ${this.#line}`);
    }
    return to;
  }

  #searchBody(bytes: Buffer, from: number): number {
    // A terminator that began before these bytes ends within the first four of them.
    const seam = Buffer.concat([this.#last.subarray(-4), bytes.subarray(from, from + 4)]);
    const before = Math.min(4, this.#last.length);
    const atSeam = seam.indexOf(terminator);
    const whole = atSeam < 0 ? bytes.indexOf(terminator, from) : -1;
    const start = atSeam < 0 ? whole : from + atSeam - before;
    const isEnded = atSeam >= 0 || whole >= 0;
    const to = isEnded ? start + terminator.length : bytes.length;
    this.#take(bytes.subarray(from, to));
    if (isEnded) this.#endBody();
    return to;
  }

  #take(piece: Buffer): void {
    this.#bodyOctets += piece.length;
    const { lines = null, keep = false } = this.#body ?? {};
    if (lines !== null) this.#lineFeeds += lineFeedsIn(piece);
    if (keep) {
      if (this.#bodyOctets > keptOctetsMax) throw new LoadFault('more than can be kept');
      this.#kept.push(Buffer.from(piece));
    }
    this.#last =
      piece.length >= terminator.length
        ? Buffer.from(piece.subarray(-terminator.length))
        : Buffer.concat([this.#last, piece]).subarray(-terminator.length);
  }

  #endBody(): void {
    const { lines = null, keep = false } = this.#body ?? {};
    if (lines !== null && this.#lineFeeds !== lines + 1) {
      throw new LoadFault(`${this.#lineFeeds - 1} lines instead of ${lines}: ${this.#line}`);
    }
    this.#body = null;
    const text = keep ? Buffer.concat(this.#kept).toString('latin1', 0, this.#bodyOctets - 3) : '';
    this.#kept = [];
    this.#complete(text);
  }

  #complete(text: string): void {
    this.#first += 1;
    const octets = this.#bodyOctets;
    this.#bodyOctets = 0;
    this.#completed({ line: this.#line, octets, text });
  }
}

function lineFeedsIn(piece: Buffer): number {
  let count = 0;
  for (let at = piece.indexOf(lineFeed); at >= 0; at = piece.indexOf(lineFeed, at + 1)) count += 1;
  return count;
}
