/**
 * The type-length-value vectors behind the addresses of a version 2 header (proxy-protocol.txt
 * §2.2.1 to §2.2.7), checked as a whole: every vector ends where the next begins, the last one where
 * the header ends.
 *
 * Never: an octet read outside its vector; the later of two vectors taken for the earlier: a type
 * that has a meaning for us comes once. Types without one are skipped.
 */

import { octetAt } from '../wire/ascii.ts';
import { decodePrintable } from '../wire/utf8.ts';
import { crc32c } from './crc32c.ts';
import type { ProxyHeader, ProxyRefusal, ProxyTls } from './header.ts';
import {
  alpnOctetsMax,
  authorityOctetsMax,
  commonNameOctetsMax,
  tlsNameOctetsMax,
  uniqueIdOctetsMax,
  version2BlockOctetsMax,
} from './limits.ts';

const alpn = 0x01;
const authority = 0x02;
const checksum = 0x03;
const uniqueId = 0x05;
const tls = 0x20;
const tlsVersion = 0x21;
const commonName = 0x22;
const cipher = 0x23;

const tlvHeadOctets = 3;
const checksumOctets = 4;
/** `client` and `verify`. */
const tlsHeadOctets = 5;
const clientTls = 0x01;
/** A certificate in this connection, or earlier in its TLS session. */
const clientCertificate = 0x02 | 0x04;

/** The types with a meaning for us, each with the octets it may have. */
type Known = ReadonlyMap<number, number>;

const known: Known = new Map([
  [alpn, alpnOctetsMax],
  [authority, authorityOctetsMax],
  [checksum, checksumOctets],
  [uniqueId, uniqueIdOctetsMax],
  [tls, version2BlockOctetsMax],
]);

const knownOfTls: Known = new Map([
  [tlsVersion, tlsNameOctetsMax],
  [commonName, commonNameOctetsMax],
  [cipher, tlsNameOctetsMax],
]);

interface Tlv {
  /** Of the value, in the octets that were read. */
  readonly at: number;
  readonly value: Uint8Array;
}

export type ProxyDetails = Pick<ProxyHeader, 'tls' | 'authority' | 'uniqueId'>;

/** What the vectors of a header say, from `start` to its end. */
export function readDetails(header: Uint8Array, start: number): ProxyDetails | ProxyRefusal {
  const tlvs = readTlvs(header, start, known);
  const texts = tlvs === null ? null : textsOf(tlvs, [authority]);
  if (tlvs === null || texts === null) return 'bad-tlv';
  const given = tlvs.get(checksum);
  if (given !== undefined && !isRight(header, given)) return 'bad-checksum';
  const details = { authority: texts.get(authority) ?? null, uniqueId: idOf(tlvs.get(uniqueId)) };
  const described = tlvs.get(tls);
  if (described === undefined) return { ...details, tls: null };
  const read = readTls(described.value);
  return read === 'bad-tlv' ? read : { ...details, tls: read };
}

/** The vectors of known types; null if anything is wrong with any vector. */
function readTlvs(bytes: Uint8Array, start: number, types: Known): ReadonlyMap<number, Tlv> | null {
  const tlvs = new Map<number, Tlv>();
  for (let at = start; at < bytes.length; ) {
    const valueAt = at + tlvHeadOctets;
    if (valueAt > bytes.length) return null;
    const type = octetAt(bytes, at);
    const end = valueAt + ((octetAt(bytes, at + 1) << 8) | octetAt(bytes, at + 2));
    if (end > bytes.length) return null;
    at = end;
    const octetsMax = types.get(type);
    if (octetsMax === undefined) continue;
    if (end - valueAt > octetsMax || tlvs.has(type)) return null;
    tlvs.set(type, { at: valueAt, value: bytes.subarray(valueAt, end) });
  }
  return tlvs;
}

/** Those of these types that are there; null if one is not text. */
function textsOf(
  tlvs: ReadonlyMap<number, Tlv>,
  types: readonly number[],
): ReadonlyMap<number, string> | null {
  const texts = new Map<number, string>();
  for (const type of types) {
    const tlv = tlvs.get(type);
    if (tlv === undefined) continue;
    const text = decodePrintable(tlv.value);
    if (text === null) return null;
    texts.set(type, text);
  }
  return texts;
}

/** Opaque octets by the specification, text with every proxy we know of. */
function idOf(tlv: Tlv | undefined): string | null {
  if (tlv === undefined) return null;
  const hex = (octet: number): string => octet.toString(16).padStart(2, '0');
  return decodePrintable(tlv.value) ?? `0x${[...tlv.value].map(hex).join('')}`;
}

function isRight(header: Uint8Array, { at, value }: Tlv): boolean {
  if (value.length !== checksumOctets) return false;
  const given = new DataView(value.buffer, value.byteOffset, checksumOctets).getUint32(0);
  return given === crc32c(header, at);
}

/** Null for a client that did not use TLS: a proxy says that in so many words, too. */
function readTls(value: Uint8Array): ProxyTls | null | 'bad-tlv' {
  if (value.length < tlsHeadOctets) return 'bad-tlv';
  const tlvs = readTlvs(value, tlsHeadOctets, knownOfTls);
  const texts = tlvs === null ? null : textsOf(tlvs, [...knownOfTls.keys()]);
  if (texts === null) return 'bad-tlv';
  const client = octetAt(value, 0);
  if ((client & clientTls) === 0) return null;
  // §2.2.6: a client that used TLS comes with its version. A claim without it is not believed.
  const version = texts.get(tlsVersion);
  if (version === undefined) return 'bad-tlv';
  const isVerified = value.subarray(1, tlsHeadOctets).every((octet) => octet === 0);
  const isKnown = (client & clientCertificate) !== 0 && isVerified;
  return {
    version,
    cipher: texts.get(cipher) ?? null,
    clientCommonName: isKnown ? (texts.get(commonName) ?? null) : null,
  };
}
