/**
 * The line of version 1 (proxy-protocol.txt §2.1): `PROXY TCP4 192.0.2.1 192.0.2.9 51234 110`.
 *
 * Never: tolerance. One space between words, addresses of the family that is named, ports without
 * leading zeros; a line that could be read in two ways is not read at all.
 */

import { carriageReturn, lineFeed, octetAt } from '../wire/ascii.ts';
import { parseDecimal, parseIPv4, parseIPv6, printIPv4, printIPv6 } from './address.ts';
import {
  type ProxyEndpoint,
  type ProxyHeader,
  type ProxyRefusal,
  unknownHeader,
} from './header.ts';
import { version1OctetsMax } from './limits.ts';

const portMax = 65_535;
const unknownLine = /^PROXY UNKNOWN(?: |$)/;
const tcpLine = /^PROXY (TCP4|TCP6) (\S+) (\S+) (\S+) (\S+)$/;

/** A header and the index behind it. */
export interface FoundHeader {
  readonly header: ProxyHeader;
  readonly end: number;
}

/** Null while the line is not complete. */
export function findVersion1(bytes: Uint8Array): FoundHeader | ProxyRefusal | null {
  const lineEnd = bytes.findIndex((octet) => octet === carriageReturn || octet === lineFeed);
  const end = lineEnd + 2;
  if (lineEnd === -1) return bytes.length < version1OctetsMax ? null : 'too-long';
  if (end > version1OctetsMax) return 'too-long';
  // A single CR or LF ends nothing (§2.1).
  if (octetAt(bytes, lineEnd) === lineFeed) return 'bad-line';
  if (bytes.length < end) return null;
  if (octetAt(bytes, lineEnd + 1) !== lineFeed) return 'bad-line';
  const header = parseLine(String.fromCharCode(...bytes.subarray(0, lineEnd)));
  return header === null ? 'bad-line' : { header, end };
}

function parseLine(line: string): ProxyHeader | null {
  // Whatever else stands behind UNKNOWN is to be ignored.
  if (unknownLine.test(line)) return unknownHeader;
  const [, family = '', source = '', destination = '', sourcePort = '', destinationPort = ''] =
    tcpLine.exec(line) ?? [];
  const from = parseEndpoint(family, source, sourcePort);
  const to = parseEndpoint(family, destination, destinationPort);
  if (from === null || to === null) return null;
  return { ...unknownHeader, source: from, destination: to };
}

function parseEndpoint(family: string, host: string, portText: string): ProxyEndpoint | null {
  const address = family === 'TCP4' ? canonicalIPv4(host) : canonicalIPv6(host);
  const port = parseDecimal(portText, portMax);
  return address === null || port === null ? null : { address, port };
}

function canonicalIPv4(text: string): string | null {
  const octets = parseIPv4(text);
  return octets === null ? null : printIPv4(octets);
}

function canonicalIPv6(text: string): string | null {
  const octets = parseIPv6(text);
  return octets === null ? null : printIPv6(octets);
}
