/**
 * Passwords that nobody has to think of: letters and digits that are not taken for each other, in groups.
 */

import { passwordCharacters } from './limits.ts';

/** 32 of them, so that each random octet gives one without a bias. */
const letters = 'abcdefghjkmnpqrstuvwxyz123456789';

export function madePassword(): string {
  const octets = crypto.getRandomValues(new Uint8Array(passwordCharacters));
  const made = [...octets].map((octet) => letters.charAt(octet % letters.length)).join('');
  return made.replace(/.{5}(?=.)/g, '$&-');
}
