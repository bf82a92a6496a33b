/**
 * The UIDL that a message carries in its header, as servers and clients that keep mail in mbox files
 * write it.
 *
 * Never: a value that UIDL could not send.
 */

import { headerSearchOctetsMax, uidlCharactersMax } from './limits.ts';

/** RFC 1939 §7: one to 70 characters in the range 0x21 to 0x7E. */
const sendable = new RegExp(`^[!-~]{1,${uidlCharactersMax}}$`);

/** The text if it can be a UIDL, else null. */
export function sendableUidl(text: string): string | null {
  return sendable.test(text) ? text : null;
}

const fieldLine = /^x-uidl[ \t]*:[ \t]*(.*?)[ \t]*$/is;

/** The value of the first X-UIDL field of a message; null without one that can be sent. */
export function storedUidlOf(content: Uint8Array): string | null {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const end = Math.min(bytes.length, headerSearchOctetsMax);
  let at = 0;
  while (at < end) {
    const lineEnd = bytes.indexOf(0x0a, at);
    const next = lineEnd < 0 ? end : lineEnd;
    const textEnd = next > at && bytes[next - 1] === 0x0d ? next - 1 : next;
    if (textEnd === at) return null;
    // Only lines that begin with x or X are looked at more closely.
    if (((bytes[at] ?? 0) | 0x20) === 0x78) {
      const match = fieldLine.exec(bytes.toString('latin1', at, Math.min(textEnd, at + 256)));
      if (match !== null) return sendableUidl(match[1] ?? '');
    }
    at = next + 1;
  }
  return null;
}
