/**
 * Hexadecimal digits as octets.
 *
 * Never: accept upper case. RFC 1939 §7 asks for lower case, and one digest has one form.
 */

import { digitNine, digitZero, octetAt } from './ascii.ts';

const lowerA = 0x61;
const lowerF = 0x66;

function digitValue(octet: number): number {
  if (octet >= digitZero && octet <= digitNine) return octet - digitZero;
  return octet >= lowerA && octet <= lowerF ? octet - lowerA + 10 : -1;
}

/** The octets that pairs of lower-case digits stand for; null if it is anything else. */
export function readLowerHex(digits: Uint8Array): Uint8Array | null {
  if (digits.length % 2 !== 0) return null;
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i += 1) {
    const high = digitValue(octetAt(digits, 2 * i));
    const low = digitValue(octetAt(digits, 2 * i + 1));
    if (high < 0 || low < 0) return null;
    bytes[i] = (high << 4) | low;
  }
  return bytes;
}
