/**
 * Internet addresses as text and as octets: what comes as text is parsed by the strictest reading,
 * what is shown is written in the one canonical way.
 *
 * Never: a look-up; an octal or abbreviated IPv4 address; an IPv6 zone.
 */

import { octetAt } from '../wire/ascii.ts';

const ipv4Octets = 4;
const ipv6Octets = 16;
const ipv6Groups = 8;
const hexGroup = /^[0-9A-Fa-f]{1,4}$/;
const decimal = /^(?:0|[1-9][0-9]{0,4})$/;

/** A number in decimal without leading zeros or a sign, up to five digits; or null. */
export function parseDecimal(text: string, max: number): number | null {
  const value = decimal.test(text) ? Number(text) : max + 1;
  return value > max ? null : value;
}

/** Four octets, or null. */
export function parseIPv4(text: string): Uint8Array | null {
  const octets: number[] = [];
  for (const part of text.split('.')) {
    const octet = parseDecimal(part, 255);
    if (octet === null) return null;
    octets.push(octet);
  }
  return octets.length === ipv4Octets ? Uint8Array.from(octets) : null;
}

/** Sixteen octets, or null (RFC 4291 §2.2, all three forms). */
export function parseIPv6(text: string): Uint8Array | null {
  const gap = text.indexOf('::');
  const before = groupsIn(gap === -1 ? text : text.slice(0, gap), gap === -1);
  const after = gap === -1 ? [] : groupsIn(text.slice(gap + 2), true);
  if (before === null || after === null) return null;
  const left = ipv6Groups - before.length - after.length;
  // A gap stands for at least one group.
  if (gap === -1 ? left !== 0 : left < 1) return null;
  const groups = [...before, ...Array<number>(left).fill(0), ...after];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** Groups between colons; the last one may be an IPv4 address, which makes two. */
function groupsIn(text: string, mayEndInIPv4: boolean): number[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (hexGroup.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const last = mayEndInIPv4 && index === parts.length - 1 ? parseIPv4(part) : null;
    if (last === null) return null;
    groups.push(groupAt(last, 0), groupAt(last, 2));
  }
  return groups;
}

function groupAt(octets: Uint8Array, at: number): number {
  return (octetAt(octets, at) << 8) | octetAt(octets, at + 1);
}

export function printIPv4(octets: Uint8Array): string {
  return octets.join('.');
}

/** RFC 5952: lower case, no leading zeros, the longest run of zero groups left out, the first of equals. */
export function printIPv6(octets: Uint8Array): string {
  const groups: number[] = [];
  for (let at = 0; at < ipv6Octets; at += 2) groups.push(groupAt(octets, at));
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (mapped) return `::ffff:${printIPv4(octets.subarray(ipv6Octets - ipv4Octets))}`;
  const written = groups.map((group) => group.toString(16));
  const zeros = longestZeros(groups);
  if (zeros.length < 2) return written.join(':');
  const before = written.slice(0, zeros.start).join(':');
  return `${before}::${written.slice(zeros.start + zeros.length).join(':')}`;
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  let length = 0;
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > longest.length) longest = { start: index - length + 1, length };
  }
  return longest;
}
