/**
 * Makes PROXY headers for tests, good ones and lies: nothing is checked here.
 *
 * Never: used to read one; the checksum is computed bit by bit, apart from the code under test.
 */

import { octetsOf } from '../../pop3/testing/memory-maildrop.ts';

export const signature = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10);

export interface BlockOptions {
  /** Version and command. */
  readonly command?: number;
  /** Family and transport. */
  readonly family?: number;
  readonly addresses?: Uint8Array;
  readonly tlvs?: readonly Uint8Array[];
  /** What the header says of its length, whatever it has. */
  readonly length?: number;
}

/** 192.0.2.7:51234 to 198.51.100.9:110. */
export const ipv4Addresses = Uint8Array.of(192, 0, 2, 7, 198, 51, 100, 9, 0xc8, 0x22, 0, 110);

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function version2({
  command = 0x21,
  family = 0x11,
  addresses = ipv4Addresses,
  tlvs = [],
  length,
}: BlockOptions = {}): Uint8Array {
  const block = joined(addresses, ...tlvs);
  const said = length ?? block.length;
  return joined(signature, Uint8Array.of(command, family, said >> 8, said & 0xff), block);
}

/** A vector; a text has one character an octet. */
export function tlv(type: number, value: Uint8Array | string): Uint8Array {
  const octets = typeof value === 'string' ? octetsOf(value) : value;
  return joined(Uint8Array.of(type, octets.length >> 8, octets.length & 0xff), octets);
}

/** PP2_TYPE_SSL. */
export function tlsTlv(
  client: number,
  verify: number,
  ...subTlvs: readonly Uint8Array[]
): Uint8Array {
  return tlv(0x20, joined(Uint8Array.of(client, 0, 0, 0, verify), ...subTlvs));
}

/** The header with a checksum as its last vector: a right one, or one that is off by this much. */
export function withChecksum(options: BlockOptions = {}, off = 0): Uint8Array {
  const tlvs = [...(options.tlvs ?? []), tlv(0x03, new Uint8Array(4))];
  const header = version2({ ...options, tlvs });
  const sum = (slowCrc32c(header) + off) >>> 0;
  header.set([sum >>> 24, (sum >>> 16) & 0xff, (sum >>> 8) & 0xff, sum & 0xff], header.length - 4);
  return header;
}

/** As RFC 4960 appendix B defines it. */
function slowCrc32c(octets: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const octet of octets) {
    remainder ^= octet;
    for (let bit = 0; bit < 8; bit += 1) {
      remainder = (remainder >>> 1) ^ (0x82f63b78 * (remainder & 1));
    }
  }
  return ~remainder >>> 0;
}
