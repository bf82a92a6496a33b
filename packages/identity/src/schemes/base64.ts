/**
 * The encodings of stored hashes: BASE64 with and without padding, hexadecimal. What does not
 * encode back to the same text is refused, so that one record has one form.
 *
 * Never: Node's lenient decoder alone, which skips what it does not know.
 *
 * Rules: RFC 4648 §4 and §8; §3.5 on stray bits.
 */

/** How many octets a decoded text may have. */
export interface OctetRange {
  readonly min: number;
  readonly max: number;
}

function within(octets: Buffer, range: OctetRange): Buffer | null {
  return octets.length >= range.min && octets.length <= range.max ? octets : null;
}

/** Decodes BASE64, padded rightly or not at all; null when it is not canonical or out of range. */
export function decodeBase64(text: string, range: OctetRange): Buffer | null {
  const bare = text.endsWith('=') ? text.replace(/={1,2}$/, '') : text;
  if (bare.length !== text.length && text.length % 4 !== 0) return null;
  const decoded = Buffer.from(bare, 'base64');
  // Encoding it again finds foreign characters, impossible lengths and stray bits.
  if (encodeBase64(decoded) !== bare) return null;
  return within(decoded, range);
}

/** BASE64 without padding, as PHC strings have it. */
export function encodeBase64(octets: Uint8Array): string {
  const text = Buffer.from(octets).toString('base64');
  return text.endsWith('=') ? text.replace(/=+$/, '') : text;
}

/** Decodes hexadecimal of either case. */
export function decodeHex(text: string, range: OctetRange): Buffer | null {
  if (text.length % 2 !== 0 || !/^[0-9A-Fa-f]*$/.test(text)) return null;
  return within(Buffer.from(text, 'hex'), range);
}
