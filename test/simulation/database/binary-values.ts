/**
 * Values in PostgreSQL's binary form, as results of the binary statements bring them.
 */

export const int8Oid = 20;
export const textOid = 25;

export function int8(value: bigint): Buffer {
  const octets = Buffer.alloc(8);
  octets.writeBigInt64BE(value);
  return octets;
}

export function float8s(values: readonly number[]): Buffer {
  const octets = Buffer.alloc(8 * values.length);
  for (const [nth, value] of values.entries()) octets.writeDoubleBE(value, 8 * nth);
  return octets;
}

/** One dimension without nulls (array_send in src/backend/utils/adt/arrayfuncs.c). */
export function binaryArray(oid: number, elements: readonly Buffer[]): Buffer {
  const isEmpty = elements.length === 0;
  const head = Buffer.alloc(isEmpty ? 12 : 20);
  const words = isEmpty ? [0, 0, oid] : [1, 0, oid, elements.length, 1];
  for (const [nth, word] of words.entries()) head.writeInt32BE(word, 4 * nth);
  const parts = elements.flatMap((element) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(element.length);
    return [length, element];
  });
  return Buffer.concat([head, ...parts]);
}
