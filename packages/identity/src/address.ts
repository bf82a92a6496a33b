/**
 * The one canonical form of an address, so that a name typed on the command line, sent by a client
 * and stored in the directory is the same string or none at all.
 *
 * ASCII takes the short way, on which nothing but the case of letters changes. What has a character
 * beyond it is mapped by `username.ts` (local parts) and `domain.ts` (A-labels), or refused.
 *
 * Never: trims, guesses, or lets two names that a person would tell apart become one.
 *
 * Rules: RFC 5321 §4.1.2 (Dot-string) and §4.5.3.1 (sizes), RFC 6531 §3.3 and RFC 8265 §3.3 beyond ASCII.
 */

import { asciiDomain, internationalDomain } from './domain.ts';
import { addressOctetsMax, localPartOctetsMax } from './limits.ts';
import { usernameCaseMapped } from './username.ts';

/** RFC 5322 §3.2.3 `dot-atom-text`. Linear: the two classes share no character. */
const dotAtom = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*$/;

/** RFC 6531 §3.3: the same with everything beyond ASCII, which `username.ts` has narrowed down. */
const internationalAtom =
  /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u{80}-\u{10ffff}]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u{80}-\u{10ffff}]+)*$/u;

// biome-ignore lint/suspicious/noControlCharactersInRegex: it says what ASCII is
const beyondAscii = /[^\x00-\x7f]/;

/**
 * The canonical form of a domain: ASCII lower case, letters, digits and hyphens, no final dot; labels
 * beyond ASCII as A-labels (`xn--`). Null when it is not a domain. Never throws.
 */
export function canonicalDomain(text: string): string | null {
  return asciiDomain(text) ?? (beyondAscii.test(text) ? internationalDomain(text) : null);
}

/**
 * The canonical form of a bare name, or of what is before the sign of an address: lower case throughout, for
 * no client can be expected to know the case its mailbox was made with. Null when it is refused; never throws.
 */
export function canonicalName(text: string): string | null {
  if (text.length === 0 || text.length > localPartOctetsMax) return null;
  if (dotAtom.test(text)) return text.toLowerCase();
  if (!beyondAscii.test(text)) return null;
  const name = usernameCaseMapped(text);
  if (name === null || !internationalAtom.test(name)) return null;
  return Buffer.byteLength(name) > localPartOctetsMax ? null : name;
}

/** The canonical form of `local@domain`. Null when it is refused; never throws. */
export function canonicalAddress(text: string): string | null {
  if (text.length > addressOctetsMax) return null;
  const at = text.indexOf('@');
  if (at < 1 || at > localPartOctetsMax) return null;
  const local = canonicalName(text.slice(0, at));
  if (local === null) return null;
  // A second @ is in no label, so what follows it is refused here.
  const domain = canonicalDomain(text.slice(at + 1));
  if (domain === null) return null;
  const address = `${local}@${domain}`;
  // Mapping can lengthen what is beyond ASCII.
  return Buffer.byteLength(address) > addressOctetsMax ? null : address;
}

/**
 * The canonical form of a name to log in by: an address, or what may stand before the sign of one. Null when
 * it is refused; never throws.
 */
export function canonicalLoginName(text: string): string | null {
  return text.includes('@') ? canonicalAddress(text) : canonicalName(text);
}
