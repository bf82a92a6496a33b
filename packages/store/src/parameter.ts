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
    array.writeInt32BE(8, at);
    writeInt8(value, array, at + 4);
    at += 12;
  }
  return array;
}

/** Digits that a number of JavaScript has room for. */
const exactDigitsMax = 15;
const zeroCode = 0x30;
const wordValues = 2 ** 32;

/** Identifiers are short texts of digits: those take no 64-bit integer, which would be an object each. */
function writeInt8(value: bigint | string, array: Buffer, at: number): void {
  const small = typeof value === 'string' ? smallInteger(value) : -1;
  if (small < 0) {
    array.writeBigInt64BE(int8(value), at);
    return;
  }
  array.writeUInt32BE(Math.floor(small / wordValues), at);
  array.writeUInt32BE(small % wordValues, at + 4);
}

/** -1 for what is not a few digits. */
function smallInteger(text: string): number {
  if (text.length === 0 || text.length > exactDigitsMax) return -1;
  let integer = 0;
  for (let i = 0; i < text.length; i += 1) {
    const digit = text.charCodeAt(i) - zeroCode;
    if (digit < 0 || digit > 9) return -1;
    integer = integer * 10 + digit;
  }
  return integer;
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

const uuidLength = 36;
const hyphenCode = 0x2d;

/** The value of each lower-case hexadecimal digit, by its code; 255 for everything else. */
const hexValues = new Uint8Array(128).fill(255);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  hexValues[digit.charCodeAt(0)] = value;
}

/** 255 for what is no digit. */
function hexValue(text: string, at: number): number {
  return hexValues[text.charCodeAt(at)] ?? 255;
}

/** Sixteen octets of a UUID in the one writing PostgreSQL gives back, so that texts compare. */
function writeUuid(uuid: string, bytes: Buffer, from: number): void {
  let isGood = uuid.length === uuidLength;
  let digit = 0;
  for (let octet = 0; isGood && octet < 16; octet += 1) {
    if (octet === 4 || octet === 6 || octet === 8 || octet === 10) {
      isGood = uuid.charCodeAt(digit) === hyphenCode;
      digit += 1;
    }
    const high = hexValue(uuid, digit);
    const low = hexValue(uuid, digit + 1);
    if (high === 255 || low === 255) isGood = false;
    bytes[from + octet] = (high << 4) | low;
    digit += 2;
  }
  if (!isGood) throw new StoreError('INVALID', 'not a UUID in lower case');
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
