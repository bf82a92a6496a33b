/**
 * ASCII characters as octets, and text to octets and back.
 *
 * Never: guess a charset. What may hold more than ASCII goes through `utf8.ts`.
 */

export const nul = 0x00;
export const lineFeed = 0x0a;
export const carriageReturn = 0x0d;
export const space = 0x20;
export const asterisk = 0x2a;
export const comma = 0x2c;
export const hyphen = 0x2d;
export const digitZero = 0x30;
export const digitNine = 0x39;
export const equalsSign = 0x3d;
export const upperA = 0x41;
export const upperZ = 0x5a;
export const underscore = 0x5f;
const lowerA = 0x61;
const lowerZ = 0x7a;
export const del = 0x7f;

/**
 * The octet at an index the caller knows to be inside. The one place where the compiler's
 * `undefined` of an indexed read is put aside, so that hot loops need no branch that never runs.
 */
export function octetAt(bytes: Uint8Array, index: number): number {
  return bytes[index] as number;
}

/** A lower-case letter as its upper-case one, any other octet as it is. */
export function upperCase(octet: number): number {
  return octet >= lowerA && octet <= lowerZ ? octet - 0x20 : octet;
}

/** Writes ASCII text into `target` and returns the index behind it. */
export function writeAscii(text: string, target: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i += 1) target[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** ASCII text as octets. */
export function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  writeAscii(text, bytes, 0);
  return bytes;
}

/** Octets known to be ASCII, and few, as upper-case text. */
export function upperCaseText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes).toUpperCase();
}

/** Writes a non-negative integer in decimal and returns the index behind it. */
export function writeDecimal(value: number, target: Uint8Array, at: number): number {
  let end = at + 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) end += 1;
  let rest = value;
  for (let i = end - 1; i >= at; i -= 1) {
    const tens = Math.floor(rest / 10);
    target[i] = digitZero + (rest - tens * 10);
    rest = tens;
  }
  return end;
}
