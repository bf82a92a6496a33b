/**
 * Whether two messages with one UIDL are the same one: a repeated import finds most of them again,
 * and two that differ must both be kept.
 *
 * Servers that keep mail in mbox files write what they know of a message into its header, and a
 * client that reads mail changes it. Such fields do not count; everything else does, to the octet.
 *
 * Never: mail taken for known on less than its whole content.
 *
 * Rules: the metadata fields of Dovecot's and UW-imapd's mbox format, and of Mozilla's.
 */

import { createHash } from 'node:crypto';

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
  // A line that begins with a blank belongs to the field before it (RFC 5322 §2.2.3).
  const fields = bytes.toString('latin1').split(/\r\n(?![ \t])/);
  const digest = createHash('sha256');
  for (const field of fields) {
    const name = field.slice(0, Math.max(0, field.indexOf(':')));
    if (!changing.has(name.trim().toLowerCase())) digest.update(`${field}\r\n`, 'latin1');
  }
  return digest.digest('hex');
}

/**
 * The UIDL of a message whose own one belongs to another message. It follows from both, so that a
 * repeated import finds the message again.
 */
export function replacementUidl(uidl: string, { header, bodyDigest }: Likeness): string {
  return createHash('sha256').update(`${uidl}\n${header}\n`).update(bodyDigest).digest('hex');
}
