/**
 * Text to UTF-8, for replies and header lines that name an internationalised address (RFC 6531).
 *
 * Never: be given text that was not read by `utf8.ts` or written here.
 */

import { ascii } from '../wire/ascii.ts';

const beyondAscii = /[^\0-\x7f]/;

/** The octets of a text; anything but ASCII is rare. */
export function encodeText(text: string): Uint8Array {
  return beyondAscii.test(text) ? encodeWide(text) : ascii(text);
}

/** By way of the one UTF-8 encoder that belongs to the language itself. */
function encodeWide(text: string): Uint8Array {
  const escaped = encodeURIComponent(text);
  const octets = new Uint8Array(escaped.length);
  let used = 0;
  for (let at = 0; at < escaped.length; at += 1) {
    if (escaped[at] === '%') {
      octets[used] = Number.parseInt(escaped.slice(at + 1, at + 3), 16);
      at += 2;
    } else octets[used] = escaped.charCodeAt(at);
    used += 1;
  }
  return octets.subarray(0, used);
}
