/**
 * Encodes parameters that are more than a text: arrays in PostgreSQL's binary array format
 * (src/backend/utils/adt/arrayfuncs.c, array_recv), and bytes that come in pieces.
 *
 * Never: a value that becomes part of a statement's text.
 */

import { StoreError } from './errors.ts';

const int8Oid = 20;
const uuidOid = 2950;
const byteaOid = 17;
const textOid = 25;

const int8Min = -(2n ** 63n);
const int8Max = 2n ** 63n - 1n;

/** Bytes that were never joined; written to the socket one after another. */
export class Pieces {
  readonly pieces: readonly Uint8Array[];
  readonly octets: number;

  constructor(pieces: readonly Uint8Array[]) {
    this.pieces = pieces;
    this.octets = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  }
}

export type Parameter = string | Buffer | Pieces | null;

const headerOctets = 20;

/** One dimension, no nulls, lower bound 1. */
function arrayOf(oid: number, count: number, dataOctets: number): Buffer {
  const array = Buffer.allocUnsafe(headerOctets + dataOctets);
  array.writeInt32BE(count === 0 ? 0 : 1, 0);
  array.writeInt32BE(0, 4);
  array.writeInt32BE(oid, 8);
  array.writeInt32BE(count, 12);
  array.writeInt32BE(1, 16);
  return count === 0 ? array.subarray(0, 12) : array;
}

export function int8Array(values: readonly (bigint | string)[]): Buffer {
  const array = arrayOf(int8Oid, values.length, values.length * 12);
  let at = headerOctets;
  for (const value of values) {
    const integer = int8(value);
    array.writeInt32BE(8, at);
    array.writeBigInt64BE(integer, at + 4);
    at += 12;
  }
  return array;
}

/** A 64-bit integer from its digits or itself; anything else is the caller's mistake. */
export function int8(value: bigint | string): bigint {
  if (typeof value === 'string' && !/^-?[0-9]{1,19}$/.test(value)) {
    throw new StoreError('INVALID', 'an identifier is not a 64-bit integer');
  }
  const integer = BigInt(value);
  if (integer < int8Min || integer > int8Max) {
    throw new StoreError('INVALID', 'an identifier is not a 64-bit integer');
  }
  return integer;
}

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Where the digits of a UUID's five groups end. */
const uuidGroups = [8, 13, 18, 23, 36] as const;

/** Sixteen octets of a UUID in the one writing PostgreSQL gives back, so that texts compare. */
function writeUuid(uuid: string, bytes: Buffer, from: number): void {
  if (!uuidForm.test(uuid)) throw new StoreError('INVALID', 'not a UUID in lower case');
  let at = from;
  let digit = 0;
  for (const end of uuidGroups) {
    at += bytes.write(uuid.slice(digit, end), at, 'hex');
    digit = end + 1;
  }
}

export function uuidArray(values: readonly string[]): Buffer {
  const array = arrayOf(uuidOid, values.length, values.length * 20);
  let at = headerOctets;
  for (const value of values) {
    array.writeInt32BE(16, at);
    writeUuid(value, array, at + 4);
    at += 20;
  }
  return array;
}

function variableArray(oid: number, values: readonly Uint8Array[]): Buffer {
  const dataOctets = values.reduce((sum, value) => sum + 4 + value.byteLength, 0);
  const array = arrayOf(oid, values.length, dataOctets);
  let at = headerOctets;
  for (const value of values) {
    array.writeInt32BE(value.byteLength, at);
    array.set(value, at + 4);
    at += 4 + value.byteLength;
  }
  return array;
}

export function byteaArray(values: readonly Uint8Array[]): Buffer {
  return variableArray(byteaOid, values);
}

export function textArray(values: readonly string[]): Buffer {
  return variableArray(
    textOid,
    values.map((value) => Buffer.from(value, 'utf8')),
  );
}
