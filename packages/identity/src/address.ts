/**
 * The one canonical form of an address, so that a name typed on the command line, sent by a client
 * and stored in the directory is the same string or none at all.
 *
 * Never: trims, guesses, decodes or maps anything beyond the ASCII letters. A letter outside ASCII is
 * refused before any lower-casing, for the Kelvin sign would become a `k`.
 *
 * Rules: RFC 5321 §4.1.2 (Dot-string) and §4.5.3.1 (sizes), RFC 1035 §2.3.1 with RFC 1123 §2.1 (LDH).
 */

import { addressOctetsMax, domainOctetsMax, labelOctetsMax, localPartOctetsMax } from './limits.ts';

/** RFC 5322 §3.2.3 `dot-atom-text`. Linear: the two classes share no character. */
const dotAtom = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*$/;

const labelCharacters = /^[A-Za-z0-9-]+$/;

/**
 * The canonical form of a domain: ASCII lower case, letters, digits and hyphens, no final dot.
 * Null when it is not a domain.
 */
export function canonicalDomain(text: string): string | null {
  if (text.length === 0 || text.length > domainOctetsMax) return null;
  for (const label of text.split('.')) {
    if (label.length > labelOctetsMax || !labelCharacters.test(label)) return null;
    if (label.startsWith('-') || label.endsWith('-')) return null;
  }
  return text.toLowerCase();
}

/**
 * The canonical form of `local@domain`: ASCII lower case throughout, for no client can be expected
 * to know the case its mailbox was made with. Null when it is refused; never throws.
 */
export function canonicalAddress(text: string): string | null {
  if (text.length > addressOctetsMax) return null;
  const at = text.indexOf('@');
  if (at < 1 || at > localPartOctetsMax) return null;
  const local = text.slice(0, at);
  if (!dotAtom.test(local)) return null;
  // A second @ is in no label, so what follows it is refused here.
  const domain = canonicalDomain(text.slice(at + 1));
  return domain === null ? null : `${local.toLowerCase()}@${domain}`;
}
