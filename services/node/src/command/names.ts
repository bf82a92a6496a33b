/**
 * The names on the command line in their canonical form; a name that has none is wrong usage.
 */

import { canonicalAddress, canonicalDomain, canonicalLoginName } from '@poplar/identity';
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

/** For commander: a name to log in by, an address or one without a domain. */
export function loginNameArgument(text: string): string {
  const name = canonicalLoginName(text);
  if (name === null) throw new InvalidArgumentError('It must be an address or a name such as ann.');
  return name;
}

const secondsIn: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** For commander: a time such as 30s, 5m, 12h or 7d, or 0; in seconds. */
export function durationArgument(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,9})([smhd]?)$/.exec(text) ?? [];
  const seconds = Number(digits) * (secondsIn[unit] ?? 0);
  if (digits === '' || (unit === '' && Number(digits) !== 0)) {
    throw new InvalidArgumentError('It must be a time such as 30s, 5m, 12h or 7d, or 0.');
  }
  return seconds;
}

const octetsIn: Readonly<Record<string, number>> = {
  ...{ B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 },
  ...{ KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30, TIB: 2 ** 40 },
};

/** For commander: a size such as 500MB or 2GiB, in octets, or `none`. */
export function sizeArgument(text: string): number | 'none' {
  if (text === 'none') return text;
  const [, digits = '', unit = ''] = /^(\d{1,9})(b|[kmgt]i?b)$/i.exec(text) ?? [];
  const octets = Number(digits) * (octetsIn[unit.toUpperCase()] ?? 0);
  if (digits === '') {
    throw new InvalidArgumentError(
      'It must be none, or a whole number of B, kB, MB, GB, TB, KiB, MiB, GiB or TiB, such as 500MB.',
    );
  }
  return octets;
}

/** For commander: `on` or `off`. */
export function switchArgument(text: string): boolean {
  if (text !== 'on' && text !== 'off') throw new InvalidArgumentError('It must be on or off.');
  return text === 'on';
}

/** For commander: the number of something that a list shows. */
export function idArgument(text: string): string {
  if (!/^[1-9]\d{0,17}$/.test(text)) throw new InvalidArgumentError('It must be a number.');
  return text;
}

/** For commander: how many. */
export function countArgument(text: string): number {
  const count = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
  if (count === null) throw new InvalidArgumentError('It must be a whole number from 1.');
  return count;
}
