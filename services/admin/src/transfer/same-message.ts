/**
 * Whether two messages with one UIDL are the same one: a repeated import finds most of them again,
 * and two that differ must both be kept.
 *
 * Servers that keep mail in mbox files write what they know of a message into its header, and a
 * client that reads mail changes it. Such fields do not count; everything else does, to the octet.
 *
 * Never: mail taken for known on less than its whole content; a header made strings of: it may be all of the
 * largest message, in lines of an octet.
 *
 * Rules: the metadata fields of Dovecot's and UW-imapd's mbox format, and of Mozilla's.
 */

import { createHash } from 'node:crypto';
import { headerSearchOctetsMax } from './limits.ts';

/** What is compared of a message in wire form. */
export interface Likeness {
  /** SHA-256 of its header, as far as it counts, in hexadecimal. */
  readonly header: string;
  readonly bodyOctets: number;
  /** SHA-256 of its body. */
  readonly bodyDigest: Uint8Array;
}

const changing = new Set([
  'content-length',
  'lines',
  'status',
  'x-imap',
  'x-imapbase',
  'x-keywords',
  'x-mozilla-keys',
  'x-mozilla-status',
  'x-mozilla-status2',
  'x-status',
  'x-uid',
  'x-uidl',
]);

/** Octets in which the name of such a field ends, blanks behind it included. */
const nameOctetsMax = 64;

export function likenessOf(pieces: readonly Uint8Array[], headerOctets: number): Likeness {
  const header: Uint8Array[] = [];
  const body = createHash('sha256');
  let bodyOctets = 0;
  let before = 0;
  for (const piece of pieces) {
    const inHeader = Math.min(piece.length, Math.max(0, headerOctets - before));
    if (inHeader > 0) header.push(piece.subarray(0, inHeader));
    if (inHeader < piece.length) body.update(piece.subarray(inHeader));
    bodyOctets += piece.length - inHeader;
    before += piece.length;
  }
  return { header: headerLikeness(Buffer.concat(header)), bodyOctets, bodyDigest: body.digest() };
}

/** Equal for headers that differ in nothing that counts. */
export function headerLikeness(header: Uint8Array): string {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  const digest = createHash('sha256');
  const looked = Math.min(bytes.length, headerSearchOctetsMax);
  let counted = 0;
  let at = 0;
  while (at < looked) {
    const next = fieldEnd(bytes, at, looked);
    if (next !== null && isChanging(bytes, at, next)) {
      digest.update(bytes.subarray(counted, at));
      counted = next;
    }
    at = next ?? looked;
  }
  // What is not looked at counts to the octet, and so does a field that ends there.
  digest.update(bytes.subarray(counted));
  // As if the text behind its last line end were a line as well: digests are kept as UIDLs.
  return digest.update('\r\n').digest('hex');
}

/** Where the next field begins. A line that begins with a blank belongs to the field before it (RFC 5322 §2.2.3). */
function fieldEnd(bytes: Buffer, from: number, end: number): number | null {
  for (let at = bytes.indexOf('\r\n', from, 'latin1'); at >= 0 && at + 2 <= end; ) {
    const first = bytes[at + 2];
    if (first !== 0x20 && first !== 0x09) return at + 2;
    at = bytes.indexOf('\r\n', at + 2, 'latin1');
  }
  return null;
}

function isChanging(bytes: Buffer, at: number, end: number): boolean {
  const beginning = bytes.subarray(at, Math.min(end, at + nameOctetsMax));
  const colon = beginning.indexOf(0x3a);
  return colon > 0 && changing.has(beginning.toString('latin1', 0, colon).trim().toLowerCase());
}

/**
 * The UIDL of a message whose own one belongs to another message. It follows from both, so that a
 * repeated import finds the message again.
 */
export function replacementUidl(uidl: string, { header, bodyDigest }: Likeness): string {
  return createHash('sha256').update(`${uidl}\n${header}\n`).update(bodyDigest).digest('hex');
}
