/**
 * Writes what one run of a prepared statement sends: Parse if the server does not know the statement yet,
 * Bind, Describe if its columns are not known yet, Execute, Sync. All of it is one piece of memory, except
 * that values which came in pieces stay those pieces, so that a 100 MB message is never copied.
 *
 * Rules: PostgreSQL documentation, "Message Formats" (protocol 3.0).
 *
 * Never: I/O; a value that becomes part of a statement's text.
 */

import { type Parameter, Pieces } from '../parameter.ts';

export interface StatementRequest {
  /** ASCII. */
  readonly name: string;
  /** Null when it was sent before under this name. */
  readonly text: string | null;
  readonly values: readonly Parameter[];
  /** Whether results are wanted in binary form. */
  readonly binary: boolean;
  readonly describe: boolean;
}

const parseCode = 0x50;
const bindCode = 0x42;
const queryCode = 0x51;
const binaryFormat = 1;
const textFormat = 0;
/** Describe of the unnamed portal. */
const describePortal = Buffer.from([0x44, 0, 0, 0, 6, 0x50, 0]);
/** Execute of the unnamed portal to its end, and Sync. */
const executeAndSync = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0x53, 0, 0, 0, 4]);

function octetsOf(value: Parameter): number {
  if (value === null) return 0;
  if (typeof value === 'string') return Buffer.byteLength(value);
  return value instanceof Pieces ? value.octets : value.length;
}

/** What to write, in this order. */
export function statementRequest(request: StatementRequest): Uint8Array[] {
  const { name, text, values, binary, describe } = request;
  const count = values.length;
  let bindOctets = 4 + 1 + name.length + 1 + 2 + 2 * count + 2 + 4;
  let pieceOctets = 0;
  for (const value of values) {
    bindOctets += 4;
    if (value instanceof Pieces) pieceOctets += value.octets;
    else bindOctets += octetsOf(value);
  }
  const parse = text === null ? null : parseMessage(name, text);
  const tailOctets = (describe ? describePortal.length : 0) + executeAndSync.length;
  const bytes = Buffer.allocUnsafe((parse?.length ?? 0) + 1 + bindOctets + tailOctets);
  const sent: Uint8Array[] = [];
  let at = parse === null ? 0 : parse.copy(bytes);
  bytes[at] = bindCode;
  bytes[at + 5] = 0;
  at = bytes.writeUInt32BE(bindOctets + pieceOctets, at + 1) + 1;
  at += bytes.write(name, at, 'latin1');
  bytes[at] = 0;
  at = bytes.writeInt16BE(count, at + 1);
  for (const value of values) {
    at = bytes.writeInt16BE(typeof value === 'string' ? textFormat : binaryFormat, at);
  }
  at = bytes.writeInt16BE(count, at);
  let unsent = 0;
  for (const value of values) {
    at = bytes.writeInt32BE(value === null ? -1 : octetsOf(value), at);
    if (value === null) continue;
    if (typeof value === 'string') at += bytes.write(value, at, 'utf8');
    else if (!(value instanceof Pieces)) at += value.copy(bytes, at);
    else {
      sent.push(bytes.subarray(unsent, at));
      for (const piece of value.pieces) if (piece.byteLength > 0) sent.push(piece);
      unsent = at;
    }
  }
  at = bytes.writeInt16BE(1, at);
  at = bytes.writeInt16BE(binary ? binaryFormat : textFormat, at);
  if (describe) at += describePortal.copy(bytes, at);
  executeAndSync.copy(bytes, at);
  sent.push(unsent === 0 ? bytes : bytes.subarray(unsent));
  return sent;
}

function parseMessage(name: string, text: string): Buffer {
  const body = Buffer.from(`${name}\0${text}\0\0\0`);
  const head = Buffer.alloc(5);
  head[0] = parseCode;
  head.writeUInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}

/** A text of the simple protocol. */
export function queryMessage(text: string): Buffer {
  const body = Buffer.from(`${text}\0`);
  const head = Buffer.alloc(5);
  head[0] = queryCode;
  head.writeUInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}
