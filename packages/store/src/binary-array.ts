/**
 * Reads one-dimensional arrays in PostgreSQL's binary format (array_send in
 * src/backend/utils/adt/arrayfuncs.c): dimensions, null flag, element type, then length and bound
 * of the dimension, then each element behind its length.
 */

import { StoreError } from './errors.ts';

function eachElement(array: Buffer, element: (from: number, octets: number) => void): void {
  const dimensions = array.readInt32BE(0);
  if (dimensions === 0) return;
  if (dimensions !== 1) throw new StoreError('STORE_CORRUPT', 'an array has several dimensions');
  const count = array.readInt32BE(12);
  let at = 20;
  for (let index = 0; index < count; index += 1) {
    const octets = array.readInt32BE(at);
    if (octets < 0) throw new StoreError('STORE_CORRUPT', 'an array has a null element');
    element(at + 4, octets);
    at += 4 + octets;
  }
}

export function readInt8Array(array: Buffer): bigint[] {
  const values: bigint[] = [];
  eachElement(array, (from) => values.push(array.readBigInt64BE(from)));
  return values;
}

export function readTextArray(array: Buffer): string[] {
  const values: string[] = [];
  eachElement(array, (from, octets) => values.push(array.toString('utf8', from, from + octets)));
  return values;
}
