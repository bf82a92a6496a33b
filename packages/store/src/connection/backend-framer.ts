/**
 * Cuts the byte stream of a PostgreSQL server into messages and decodes those that carry data, in
 * text or binary form; the driver's own parser decodes every other one. It exists because the
 * driver turns binary values into strings, which corrupts them, and because it collects a whole
 * COPY row before it passes it on.
 *
 * Rules: PostgreSQL documentation, "Message Formats" (protocol 3.0).
 *
 * Never: bytes handed out that a later read of the socket may overwrite; more than one unfinished
 * message held; a CopyData message collected.
 */

import type { BackendMessage } from 'pg-protocol/dist/messages.js';
import { Parser } from 'pg-protocol/dist/parser.js';
import type { Field } from '../field.ts';

const headerOctets = 5;
const rowDescriptionCode = 0x54;
const dataRowCode = 0x44;
const copyDataCode = 0x64;

/** A decoded row in the shape the driver's client expects. */
export interface DataRowMessage {
  readonly name: 'dataRow';
  readonly length: number;
  readonly fields: readonly Field[];
}

export type FramedMessage = BackendMessage | DataRowMessage;

/** What the framer feeds: messages to the client, bytes of a COPY to whoever streams it. */
export interface FrameSink {
  message(message: FramedMessage): void;
  copyBytes(bytes: Buffer): void;
}

export class BackendFramer {
  readonly #sink: FrameSink;
  readonly #parser = new Parser();
  /** For each column of the current result, whether it is binary. */
  #binary: readonly boolean[] = [];
  /** The pieces of a message whose end has not arrived. */
  #held: Buffer[] = [];
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
    this.#handle(chunk, at, { end, owned: false });
    return end;
  }

  #hold(chunk: Buffer, from: number, to: number): number {
    this.#held.push(chunk.subarray(from, to));
    this.#heldOctets += to - from;
    return to;
  }

  #fillHeld(chunk: Buffer, at: number): number {
    if (this.#heldOctets < headerOctets) {
      const next = this.#hold(
        chunk,
        at,
        Math.min(chunk.length, at + headerOctets - this.#heldOctets),
      );
      if (this.#heldOctets < headerOctets) return next;
      this.#held = [Buffer.concat(this.#held)];
      if (this.#head()[0] === copyDataCode) {
        this.#copyOctets = this.#head().readUInt32BE(1) - 4;
        this.#dropHeld();
        return next;
      }
      return next < chunk.length || this.#missingOctets() === 0
        ? this.#fillBody(chunk, next)
        : next;
    }
    return this.#fillBody(chunk, at);
  }

  #fillBody(chunk: Buffer, at: number): number {
    const next = this.#hold(chunk, at, Math.min(chunk.length, at + this.#missingOctets()));
    if (this.#missingOctets() > 0) return next;
    // Joined once, however many reads it took; the result belongs to this message alone.
    const whole = Buffer.concat(this.#held, this.#heldOctets);
    this.#dropHeld();
    this.#handle(whole, 0, { end: whole.length, owned: true });
    return next;
  }

  #head(): Buffer {
    return this.#held[0] ?? Buffer.alloc(0);
  }

  #missingOctets(): number {
    return 1 + this.#head().readUInt32BE(1) - this.#heldOctets;
  }

  #dropHeld(): void {
    this.#held = [];
    this.#heldOctets = 0;
  }

  #passCopy(chunk: Buffer, at: number): number {
    const next = Math.min(chunk.length, at + this.#copyOctets);
    this.#copyOctets -= next - at;
    this.#sink.copyBytes(chunk.subarray(at, next));
    return next;
  }

  #handle(bytes: Buffer, at: number, message: { end: number; owned: boolean }): void {
    const code = bytes[at];
    if (code === dataRowCode) {
      this.#sink.message(this.#dataRow(bytes, at + headerOctets, message));
      return;
    }
    this.#parser.parse(bytes.subarray(at, message.end), (parsed) => {
      if (code === rowDescriptionCode) this.#binary = binaryColumns(parsed);
      this.#sink.message(parsed);
    });
  }

  #dataRow(bytes: Buffer, from: number, message: { end: number; owned: boolean }): DataRowMessage {
    const fields = new Array<Field>(bytes.readInt16BE(from));
    let at = from + 2;
    for (let column = 0; column < fields.length; column += 1) {
      const octets = bytes.readInt32BE(at);
      at += 4;
      if (octets < 0) {
        fields[column] = null;
        continue;
      }
      const end = at + octets;
      if (this.#binary[column] !== true) fields[column] = bytes.toString('utf8', at, end);
      else fields[column] = message.owned ? bytes.subarray(at, end) : ownedCopy(bytes, at, end);
      at = end;
    }
    return { name: 'dataRow', length: message.end - from, fields };
  }
}

/** A value out of a shared read of the socket: copied, so that it pins nothing but itself. */
function ownedCopy(bytes: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafe(to - from);
  bytes.copy(copy, 0, from, to);
  return copy;
}

function binaryColumns(message: BackendMessage): readonly boolean[] {
  if (!('fields' in message) || !Array.isArray(message.fields)) return [];
  return message.fields.map((field: unknown) => {
    return typeof field === 'object' && field !== null && 'format' in field
      ? field.format === 'binary'
      : false;
  });
}
