/**
 * Domains in their canonical form: letters, digits and hyphens, labels beyond ASCII as A-labels.
 *
 * Never: the mappings of browsers. What the system's IDNA would change beyond case and composition, such as
 * a full-width letter, an ideographic full stop or the Kelvin sign, does not come back the same and is
 * refused.
 *
 * Rules: RFC 1035 §2.3.1 with RFC 1123 §2.1 (LDH), RFC 5891 §4.2 (validity), UTS #46 as Node has it.
 */

import { domainToASCII, domainToUnicode } from 'node:url';
import { domainOctetsMax, labelOctetsMax } from './limits.ts';
import { isIdentifier } from './username.ts';

const labelCharacters = /^[A-Za-z0-9-]+$/;

function isAsciiLabel(label: string): boolean {
  if (label.length > labelOctetsMax || !labelCharacters.test(label)) return false;
  return !label.startsWith('-') && !label.endsWith('-');
}

/** A domain in ASCII, lower case; null when it is none. */
export function asciiDomain(text: string): string | null {
  if (text.length === 0 || text.length > domainOctetsMax) return null;
  for (const label of text.split('.')) if (!isAsciiLabel(label)) return null;
  return text.toLowerCase();
}

/** A domain with labels beyond ASCII, those as A-labels; null when it is none. Never throws. */
export function internationalDomain(text: string): string | null {
  if (text.length > domainOctetsMax) return null;
  const labels: string[] = [];
  for (const label of text.split('.')) {
    const ascii = isAsciiLabel(label) ? label.toLowerCase() : aLabel(label);
    if (ascii === null) return null;
    labels.push(ascii);
  }
  return asciiDomain(labels.join('.'));
}

function aLabel(label: string): string | null {
  // RFC 5891 §4.2.3: characters, hyphens, a combining mark first.
  if (!isIdentifier(label) || /^-|-$|^..--|^\p{M}|[^a-z0-9-\u{80}-\u{10ffff}]/iu.test(label)) {
    return null;
  }
  const mapped = label.toLowerCase().normalize('NFC');
  try {
    const ascii = domainToASCII(mapped);
    // Both ways, so that nothing was mapped but what is mapped above.
    return ascii.startsWith('xn--') && domainToUnicode(ascii) === mapped ? ascii : null;
  } catch {
    return null;
  }
}
