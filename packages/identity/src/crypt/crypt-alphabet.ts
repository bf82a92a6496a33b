/**
 * The 64 letters of crypt(3), least significant bits first.
 *
 * Never: RFC 4648's BASE64, which has other letters in another order.
 *
 * Rules: crypt(5); the final permutations of MD5-CRYPT, SHA256-CRYPT and SHA512-CRYPT are with them.
 */

const letters = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Writes the low `6 * count` bits of a number. */
export function writeCryptNumber(value: number, count: number): string {
  let text = '';
  for (let at = 0; at < count; at += 1) text += letters.charAt((value >>> (6 * at)) & 63);
  return text;
}

/** Reads up to five letters of the alphabet as a number. */
export function readCryptNumber(text: string): number {
  let value = 0;
  for (let at = text.length - 1; at >= 0; at -= 1)
    value = value * 64 + letters.indexOf(text[at] ?? '');
  return value;
}

/** Decodes letters, three octets in four of them; null when the last one has stray bits. */
export function decodeCrypt(text: string): Buffer | null {
  const octets: number[] = [];
  for (let at = 0; at < text.length; at += 4) {
    const group = text.slice(at, at + 4);
    const value = readCryptNumber(group);
    const count = Math.floor((group.length * 6) / 8);
    if (value >= 2 ** (8 * count)) return null;
    for (let octet = 0; octet < count; octet += 1) octets.push((value >>> (8 * octet)) & 255);
  }
  return Buffer.from(octets);
}
