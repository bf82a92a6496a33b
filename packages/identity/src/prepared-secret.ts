/**
 * One form of a secret, whatever keyboard and system it was typed on: `é` may arrive as one
 * character or as two, a space as any of a dozen.
 *
 * Rules: the profile OpaqueString of RFC 8265 §4.2, which took the place of SASLprep (RFC 4013, asked
 * for by RFC 4616 §2): other spaces become U+0020, then Unicode's form C; case and width stay. Control
 * characters are refused in a new password, and nowhere else: a wrong one is wrong anyway. What else
 * that profile refuses (code points unassigned in some version of Unicode, ignorable ones such as the
 * selector in many an emoji) is taken: refusing it would tell people that their password is no good
 * after an update of Node.
 *
 * Never: a change to a secret that is ASCII or not valid UTF-8.
 */

import { isAscii, isUtf8 } from 'node:buffer';

const otherSpaces = /[^\P{Zs} ]/gu;
const control = /\p{Cc}/u;

/** The prepared form; the very same octets when they are prepared already or no text. */
export function preparedSecret(secret: Uint8Array): Uint8Array {
  const text = textOf(secret);
  if (text === null) return secret;
  const prepared = Buffer.from(text.replace(otherSpaces, ' ').normalize('NFC'));
  return prepared.equals(secret) ? secret : prepared;
}

/** Whether text has a control character in it; octets that are no text have none. */
export function hasControlCharacter(secret: Uint8Array): boolean {
  const text = isAscii(secret) ? Buffer.from(secret).toString('latin1') : textOf(secret);
  return text !== null && control.test(text);
}

/** Null for ASCII, of which nothing changes, and for what is not UTF-8. */
function textOf(secret: Uint8Array): string | null {
  return isAscii(secret) || !isUtf8(secret) ? null : Buffer.from(secret).toString('utf8');
}
