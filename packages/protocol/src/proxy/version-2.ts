/**
 * The binary header of version 2 (proxy-protocol.txt §2.2): 16 octets that say how many follow, the
 * addresses of a family, then vectors.
 *
 * Of what comes from a client only TCP is of use here. The proxy's own connections (LOCAL), datagrams
 * and what is unspecified have no address for us, and nothing behind the 16 octets is looked at, as
 * the specification asks; of AF_UNIX the paths are skipped and the vectors are read.
 *
 * Never: an address taken from a block that is too short for it.
 */

import { octetAt } from '../wire/ascii.ts';
import { printIPv4, printIPv6 } from './address.ts';
import {
  type ProxyEndpoint,
  type ProxyHeader,
  type ProxyRefusal,
  unknownHeader,
} from './header.ts';
import { version2BlockOctetsMax } from './limits.ts';
import { readDetails } from './tlv.ts';
import type { FoundHeader } from './version-1.ts';

/** The signature is twelve octets; version and command, family and transport, length. */
const commandAt = 12;
const familyAt = 13;
const lengthAt = 14;
const fixedOctets = 16;

const version = 2;
const local = 0;
const proxy = 1;
const unspecified = 0;
const stream = 1;
const datagram = 2;

interface Family {
  /** Of one address. */
  readonly octets: number;
  readonly portOctets: number;
  /** Null for a family whose addresses mean nothing to us. */
  readonly print: ((octets: Uint8Array) => string) | null;
}

/** By the upper four bits of octet 14; AF_UNSPEC is 0 and has no addresses. */
const families: ReadonlyMap<number, Family> = new Map([
  [1, { octets: 4, portOctets: 2, print: printIPv4 }],
  [2, { octets: 16, portOctets: 2, print: printIPv6 }],
  [3, { octets: 108, portOctets: 0, print: null }],
]);

/** Octets that begin with the signature. Null while the header is not complete. */
export function findVersion2(bytes: Uint8Array): FoundHeader | ProxyRefusal | null {
  if (bytes.length < fixedOctets) return null;
  const command = octetAt(bytes, commandAt) & 0x0f;
  if (octetAt(bytes, commandAt) >> 4 !== version || command > proxy) return 'unassigned';
  const length = numberAt(bytes, lengthAt);
  if (length > version2BlockOctetsMax) return 'too-long';
  const family = octetAt(bytes, familyAt) >> 4;
  const transport = octetAt(bytes, familyAt) & 0x0f;
  const isAssigned = transport <= datagram && (family === unspecified || families.has(family));
  if (command === proxy && !isAssigned) return 'unassigned';
  const end = fixedOctets + length;
  if (bytes.length < end) return null;
  const spoken = families.get(family);
  if (command === local || transport !== stream || spoken === undefined) {
    return { header: unknownHeader, end };
  }
  const header = readBlock(bytes.subarray(0, end), spoken);
  return typeof header === 'string' ? header : { header, end };
}

function readBlock(bytes: Uint8Array, family: Family): ProxyHeader | ProxyRefusal {
  const behind = fixedOctets + 2 * (family.octets + family.portOctets);
  if (behind > bytes.length) return 'bad-length';
  const details = readDetails(bytes, behind);
  if (typeof details === 'string') return details;
  return {
    source: readEndpoint(bytes, family, 0),
    destination: readEndpoint(bytes, family, 1),
    ...details,
  };
}

/** Both addresses come first, then both ports. */
function readEndpoint(bytes: Uint8Array, family: Family, index: number): ProxyEndpoint | null {
  if (family.print === null) return null;
  const at = fixedOctets + index * family.octets;
  const portAt = fixedOctets + 2 * family.octets + index * family.portOctets;
  const address = family.print(bytes.subarray(at, at + family.octets));
  return { address, port: numberAt(bytes, portAt) };
}

function numberAt(bytes: Uint8Array, at: number): number {
  return (octetAt(bytes, at) << 8) | octetAt(bytes, at + 1);
}
