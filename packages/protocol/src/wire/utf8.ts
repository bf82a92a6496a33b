/**
 * Strict UTF-8 (RFC 3629) for the few short texts a client may send in it: names.
 *
 * Never: replace what is malformed by U+FFFD. Two different names would become one.
 */

import { del, octetAt, space } from './ascii.ts';

const continuationMask = 0xc0;
const continuationMark = 0x80;
const highestCodePoint = 0x10ffff;
const firstSurrogate = 0xd800;
const lastSurrogate = 0xdfff;
const lastC1Control = 0x9f;

/** How a lead octet continues: octets that follow, the bits it carries, the least value allowed. */
interface Lead {
  readonly more: number;
  readonly bits: number;
  /** A smaller code point in this length is an overlong form (RFC 3629 §3). */
  readonly least: number;
}

function readLead(octet: number): Lead | null {
  if ((octet & 0xe0) === 0xc0) return { more: 1, bits: octet & 0x1f, least: 0x80 };
  if ((octet & 0xf0) === 0xe0) return { more: 2, bits: octet & 0x0f, least: 0x800 };
  if ((octet & 0xf8) === 0xf0) return { more: 3, bits: octet & 0x07, least: 0x10000 };
  return null;
}

function isControl(codePoint: number): boolean {
  return codePoint < space || (codePoint >= del && codePoint <= lastC1Control);
}

/** The code point whose multi-octet form begins at `start`, and the index behind it; or null. */
function readMultiOctet(bytes: Uint8Array, start: number): { point: number; end: number } | null {
  const lead = readLead(octetAt(bytes, start));
  if (lead === null) return null;
  const end = start + 1 + lead.more;
  if (end > bytes.length) return null;
  let point = lead.bits;
  for (let i = start + 1; i < end; i += 1) {
    const octet = octetAt(bytes, i);
    if ((octet & continuationMask) !== continuationMark) return null;
    point = (point << 6) | (octet & 0x3f);
  }
  if (point < lead.least || point > highestCodePoint) return null;
  if (point >= firstSurrogate && point <= lastSurrogate) return null;
  return { point, end };
}

/**
 * Octets as text, or null if they are not well-formed UTF-8 or hold a control character (C0, DEL or
 * C1). Meant for short texts: the caller bounds their length.
 */
export function decodePrintable(bytes: Uint8Array): string | null {
  const points: number[] = [];
  for (let i = 0; i < bytes.length; ) {
    const octet = octetAt(bytes, i);
    let point = octet;
    if (octet < continuationMark) {
      i += 1;
    } else {
      const read = readMultiOctet(bytes, i);
      if (read === null) return null;
      point = read.point;
      i = read.end;
    }
    if (isControl(point)) return null;
    points.push(point);
  }
  return String.fromCodePoint(...points);
}

/** Octets of a text in UTF-8. */
export function utf8Octets(text: string): number {
  let octets = 0;
  for (const character of text) {
    const point = character.codePointAt(0) as number;
    octets += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return octets;
}
