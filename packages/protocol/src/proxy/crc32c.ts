/**
 * CRC32c (RFC 4960 appendix B, polynomial 0x1EDC6F41 reflected), as a header that carries its own
 * checksum needs it: over all of it, the four octets of the checksum taken for zeros.
 */

import { octetAt } from '../wire/ascii.ts';

const polynomial = 0x82f63b78;
const checksumOctets = 4;

const table = Uint32Array.from({ length: 256 }, (_, octet) => {
  let remainder = octet;
  for (let bit = 0; bit < 8; bit += 1) {
    remainder = remainder & 1 ? (remainder >>> 1) ^ polynomial : remainder >>> 1;
  }
  return remainder;
});

/** @param checksumAt where the checksum lies in the octets */
export function crc32c(bytes: Uint8Array, checksumAt: number): number {
  let remainder = 0xffffffff;
  for (let at = 0; at < bytes.length; at += 1) {
    const isChecksum = at >= checksumAt && at < checksumAt + checksumOctets;
    const octet = isChecksum ? 0 : octetAt(bytes, at);
    remainder = (table[(remainder ^ octet) & 0xff] as number) ^ (remainder >>> 8);
  }
  return ~remainder >>> 0;
}
