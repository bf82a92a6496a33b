/**
 * Cuts the byte stream of a PostgreSQL server into messages. Each is offered where it lies; what nobody
 * takes, the driver's own parser decodes. It exists because the driver turns binary values into
 * strings, which corrupts them, makes objects of messages that say nothing, and collects a whole COPY row
 * before it passes it on.
 *
 * Rules: PostgreSQL documentation, "Message Formats" (protocol 3.0).
 *
 * Nothing is allocated for what passes through: values are handed out where they lie, in the read or in
 * the message that was put together of several reads, and who keeps one copies it at once.
 *
 * Never: a view kept that a later read of the socket would overwrite; more than one unfinished message
 * held; a CopyData message collected.
 */

import type { BackendMessage } from 'pg-protocol/dist/messages.js';
import { Parser } from 'pg-protocol/dist/parser.js';

const headerOctets = 5;
/** Of the memory for messages that come in several reads: at first, and between two of them. */
const heldOctetsMin = 16 * 1024;
const heldOctetsKept = 256 * 1024;
const copyDataCode = 0x64;
const authenticationCode = 0x52;

/** What the framer feeds. */
export interface FrameSink {
  /** Of the message that begins at `at`, which is whole: whether it is dealt with. It holds until this returns. */
  frame(bytes: Buffer, at: number): boolean;
  /** One that was not. */
  message(message: BackendMessage): void;
  /** Bytes of a COPY, which hold until this returns. */
  copyBytes(bytes: Buffer): void;
}

export class BackendFramer {
  readonly #sink: FrameSink;
  readonly #parser = new Parser();
  /** The beginning of a message whose end has not arrived; used again for the next one. */
  #held = Buffer.allocUnsafe(heldOctetsMin);
  #heldOctets = 0;
  /** Octets of CopyData still to come. */
  #copyOctets = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  receive(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#copyOctets > 0) at = this.#passCopy(chunk, at);
      else if (this.#heldOctets > 0) at = this.#fillHeld(chunk, at);
      else at = this.#frame(chunk, at);
    }
  }

  /** Handles one message that begins at `at`; answers where the next one begins. */
  #frame(chunk: Buffer, at: number): number {
    if (chunk.length - at < headerOctets) return this.#hold(chunk, at, chunk.length);
    if (chunk[at] === copyDataCode) {
      this.#copyOctets = chunk.readUInt32BE(at + 1) - 4;
      return at + headerOctets;
    }
    const end = at + 1 + chunk.readUInt32BE(at + 1);
    if (end > chunk.length) return this.#hold(chunk, at, chunk.length);
    this.#handle(chunk, at, end);
    return end;
  }

  #hold(chunk: Buffer, from: number, to: number): number {
    this.#makeRoom(chunk, from, to);
    chunk.copy(this.#held, this.#heldOctets, from, to);
    this.#heldOctets += to - from;
    return to;
  }

  /** Room for a whole message as soon as its length is known. */
  #makeRoom(chunk: Buffer, from: number, to: number): void {
    const isBegun = this.#heldOctets >= headerOctets;
    const lengthAt = isBegun ? this.#held : chunk.subarray(from);
    const isKnown = isBegun || (this.#heldOctets === 0 && to - from >= headerOctets);
    const octets = isKnown ? 1 + lengthAt.readUInt32BE(1) : headerOctets;
    if (octets <= this.#held.length) return;
    const larger = Buffer.allocUnsafe(octets);
    this.#held.copy(larger, 0, 0, this.#heldOctets);
    this.#held = larger;
  }

  #fillHeld(chunk: Buffer, at: number): number {
    let next = at;
    if (this.#heldOctets < headerOctets) {
      const missing = headerOctets - this.#heldOctets;
      next = this.#hold(chunk, at, Math.min(chunk.length, at + missing));
      if (this.#heldOctets < headerOctets) return next;
      if (this.#held[0] === copyDataCode) {
        this.#copyOctets = this.#held.readUInt32BE(1) - 4;
        this.#heldOctets = 0;
        return next;
      }
    }
    const end = 1 + this.#held.readUInt32BE(1);
    next = this.#hold(chunk, next, Math.min(chunk.length, next + end - this.#heldOctets));
    if (this.#heldOctets < end) return next;
    this.#heldOctets = 0;
    this.#handle(this.#held, 0, end);
    // What a large message has needed is not kept for small ones.
    if (this.#held.length > heldOctetsKept) this.#held = Buffer.allocUnsafe(heldOctetsMin);
    return next;
  }

  #passCopy(chunk: Buffer, at: number): number {
    const next = Math.min(chunk.length, at + this.#copyOctets);
    this.#copyOctets -= next - at;
    this.#sink.copyBytes(chunk.subarray(at, next));
    return next;
  }

  #handle(bytes: Buffer, at: number, end: number): void {
    if (this.#sink.frame(bytes, at)) return;
    const message = bytes.subarray(at, end);
    // The driver keeps the salt of a password while it looks for one, beyond the next read.
    const isKept = bytes[at] === authenticationCode;
    this.#parser.parse(isKept ? Buffer.from(message) : message, (parsed) => {
      this.#sink.message(parsed);
    });
  }
}
