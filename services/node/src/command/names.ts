/**
 * The names on the command line in their canonical form; a name that has none is wrong usage.
 */

import { canonicalAddress, canonicalDomain } from '@poplar/identity';
import { InvalidArgumentError } from 'commander';

/** For commander: `local@domain`. */
export function addressArgument(text: string): string {
  const address = canonicalAddress(text);
  if (address === null) throw new InvalidArgumentError('It must be an address, local@domain.');
  return address;
}

/** For commander: a domain. */
export function domainArgument(text: string): string {
  const domain = canonicalDomain(text);
  if (domain === null) throw new InvalidArgumentError('It must be a domain such as example.org.');
  return domain;
}

/** For commander: how many. */
export function countArgument(text: string): number {
  const count = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
  if (count === null) throw new InvalidArgumentError('It must be a whole number from 1.');
  return count;
}
