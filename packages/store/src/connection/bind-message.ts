/**
 * Writes a Bind message. The driver would join all parameters in one growing buffer; here bytes
 * that came in pieces go to the socket as they are, so that a 100 MB message is never copied.
 *
 * Rules: PostgreSQL documentation, "Message Formats", Bind.
 */

import type { Writable } from 'node:stream';
import { type Parameter, Pieces } from '../parameter.ts';

export interface BindMessage {
  /** Name of the prepared statement. */
  readonly statement: string;
  readonly values: readonly Parameter[];
  /** Whether results are wanted in binary form. */
  readonly binary: boolean;
}

const bindCode = 0x42;
const binaryFormat = 1;
const textFormat = 0;

function octetsOf(value: Parameter): number {
  if (value === null) return 0;
  if (typeof value === 'string') return Buffer.byteLength(value);
  return value instanceof Pieces ? value.octets : value.length;
}

export function writeBind(socket: Writable, { statement, values, binary }: BindMessage): void {
  const count = values.length;
  const name = Buffer.from(statement, 'utf8');
  // Everything but the pieces: code and length, portal, name, formats, values, result format.
  let headOctets = 5 + 1 + name.length + 1 + 2 + 2 * count + 2 + 4;
  let pieceOctets = 0;
  for (const value of values) {
    headOctets += 4;
    if (value instanceof Pieces) pieceOctets += value.octets;
    else headOctets += octetsOf(value);
  }
  const head = Buffer.allocUnsafe(headOctets);
  head[0] = bindCode;
  head.writeUInt32BE(headOctets - 1 + pieceOctets, 1);
  head[5] = 0;
  name.copy(head, 6);
  let at = 6 + name.length;
  head[at] = 0;
  at = head.writeInt16BE(count, at + 1);
  for (const value of values) {
    at = head.writeInt16BE(typeof value === 'string' ? textFormat : binaryFormat, at);
  }
  at = head.writeInt16BE(count, at);
  let unsent = 0;
  for (const value of values) {
    at = head.writeInt32BE(value === null ? -1 : octetsOf(value), at);
    if (value === null) continue;
    if (typeof value === 'string') at += head.write(value, at, 'utf8');
    else if (!(value instanceof Pieces)) at += value.copy(head, at);
    else {
      socket.write(head.subarray(unsent, at));
      for (const piece of value.pieces) if (piece.byteLength > 0) socket.write(piece);
      unsent = at;
    }
  }
  at = head.writeInt16BE(1, at);
  head.writeInt16BE(binary ? binaryFormat : textFormat, at);
  socket.write(head.subarray(unsent));
}
