/**
 * The table of password schemes: which stored strings can be verified, and by what.
 *
 * A new scheme is one file beside this one and one row in `schemes`. Its `usable` must bound every
 * cost that a stored string can ask for, because `verify` is called with nothing else in between.
 *
 * Never: a scheme that compares clear text or unsalted digests.
 */

import { storedCharactersMax } from '../limits.ts';
import { argon2 } from './argon2.ts';

export interface Scheme {
  readonly name: string;
  /** Whether a stored string is of this scheme, by its prefix alone. */
  readonly owns: (stored: string) => boolean;
  /** Whether it is well formed and its costs are within bounds. Never throws. */
  readonly usable: (stored: string) => boolean;
  /** Whether the secret is the one that was hashed. May reject; called only after `usable`. */
  readonly verify: (secret: Uint8Array, stored: string) => Promise<boolean>;
}

const schemes: readonly Scheme[] = [argon2];

/** The scheme that can verify this stored string; null when none can, or none safely. */
export function usableScheme(stored: string): Scheme | null {
  if (stored.length > storedCharactersMax) return null;
  const scheme = schemes.find((candidate) => candidate.owns(stored));
  return scheme?.usable(stored) === true ? scheme : null;
}
