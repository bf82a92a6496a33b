/**
 * BASE64 (RFC 4648 §4) between octets and octets.
 *
 * Never: be lenient. RFC 5034 §4 demands that a response that is not valid BASE64 fails, and the
 * decoders of the run time skip what does not belong.
 */

import { ascii, equalsSign, octetAt } from './ascii.ts';

const alphabet = ascii('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const notInAlphabet = 0xff;
const values = new Uint8Array(256).fill(notInAlphabet);
for (const [value, octet] of alphabet.entries()) values[octet] = value;

/** Writes the BASE64 of `source` into `target` from `at` on and returns the index behind it. */
export function writeBase64(source: Uint8Array, target: Uint8Array, at: number): number {
  let out = at;
  const whole = source.length - (source.length % 3);
  for (let i = 0; i < whole; i += 3) {
    const group =
      (octetAt(source, i) << 16) | (octetAt(source, i + 1) << 8) | octetAt(source, i + 2);
    target[out] = octetAt(alphabet, group >> 18);
    target[out + 1] = octetAt(alphabet, (group >> 12) & 0x3f);
    target[out + 2] = octetAt(alphabet, (group >> 6) & 0x3f);
    target[out + 3] = octetAt(alphabet, group & 0x3f);
    out += 4;
  }
  return whole === source.length ? out : writeLastGroup(source.subarray(whole), target, out);
}

/** One or two octets that are left, padded to four characters. */
function writeLastGroup(rest: Uint8Array, target: Uint8Array, out: number): number {
  const two = rest.length === 2;
  const group = (octetAt(rest, 0) << 16) | (two ? octetAt(rest, 1) << 8 : 0);
  target[out] = octetAt(alphabet, group >> 18);
  target[out + 1] = octetAt(alphabet, (group >> 12) & 0x3f);
  target[out + 2] = two ? octetAt(alphabet, (group >> 6) & 0x3f) : equalsSign;
  target[out + 3] = equalsSign;
  return out + 4;
}

/** The BASE64 of some octets. */
export function encodeBase64(source: Uint8Array): Uint8Array {
  const target = new Uint8Array(Math.ceil(source.length / 3) * 4);
  writeBase64(source, target, 0);
  return target;
}

/**
 * The octets a BASE64 text stands for, or null if it is none: a foreign character, white space, a
 * missing or misplaced `=`. Bits of the last group that stand for nothing are not looked at
 * (RFC 4648 §3.5 leaves it open).
 */
export function decodeBase64(text: Uint8Array): Uint8Array | null {
  if (text.length % 4 !== 0) return null;
  let digits = text.length;
  while (digits > text.length - 2 && text[digits - 1] === equalsSign) digits -= 1;
  const bytes = new Uint8Array(Math.floor((digits * 3) / 4));
  let bits = 0;
  let out = 0;
  for (let i = 0; i < digits; i += 1) {
    const value = octetAt(values, octetAt(text, i));
    if (value === notInAlphabet) return null;
    bits = (bits << 6) | value;
    // Each digit but the first of a group completes an octet.
    const surplus = 6 - 2 * (i & 3);
    if (surplus < 6) {
      bytes[out] = (bits >> surplus) & 0xff;
      out += 1;
    }
  }
  return bytes;
}
