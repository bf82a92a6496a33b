/**
 * What of a client's address names the client. An IPv4 address is one; of an IPv6 address it is the
 * /64, because a client has all of that to choose from, and the /48 is the site it belongs to.
 * IPv4 addresses that came in over IPv6 sockets are IPv4.
 *
 * Never: a look-up; a throw, whatever the text (a socket that is gone has no address: that is one, too).
 */

import { isIPv4, isIPv6 } from 'node:net';

export interface AddressPrefixes {
  /** `192.0.2.1`, `2001:db8:0:1/64`, or the text itself if it is no address. */
  readonly host: string;
  /** `2001:db8:0/48`; null but for IPv6. */
  readonly site: string | null;
}

const groupsOfAddress = 8;

export function addressPrefixes(address: string): AddressPrefixes {
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return { host: plain, site: null };
  const groups = groupsOf(plain);
  return {
    host: `${groups.slice(0, 4).join(':')}/64`,
    site: `${groups.slice(0, 3).join(':')}/48`,
  };
}

/** Without a zone, and as IPv4 if it is one inside. */
export function plainAddress(address: string): string {
  const zoneAt = address.indexOf('%');
  const zoneless = zoneAt < 0 ? address : address.slice(0, zoneAt);
  // The expression that knows an IPv6 address costs much even where there is nothing to find.
  if (!zoneless.includes(':') || !isIPv6(zoneless)) return zoneless;
  const groups = groupsOf(zoneless);
  const isMapped = groups[5] === 'ffff' && groups.slice(0, 5).every((group) => group === '0');
  if (!isMapped) return zoneless;
  return groups
    .slice(6)
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 0xff])
    .join('.');
}

/** All eight, in hexadecimal without leading zeros. Of a valid address. */
function groupsOf(address: string): string[] {
  const [head = '', tail] = address.split('::');
  const before = groupsIn(head);
  if (tail === undefined) return before;
  const after = groupsIn(tail);
  const zeros = Math.max(0, groupsOfAddress - before.length - after.length);
  return [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
}

function groupsIn(text: string): string[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!isIPv4(group)) return [Number.parseInt(group, 16).toString(16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [((a << 8) | b).toString(16), ((c << 8) | d).toString(16)];
  });
}
