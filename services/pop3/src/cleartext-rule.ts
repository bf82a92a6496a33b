/**
 * From whom passwords are taken outside TLS (RFC 8314 §3): a password in the clear may cross this
 * machine, but no network.
 *
 * Never: anything but the address that the kernel gave; a name or a header a client can choose, or the
 * word of a load balancer: what comes by way of one has crossed a network.
 */

import { isIPv4 } from 'node:net';
import type { CleartextRule } from '@poplar/runtime';
import type { Origin } from './connection/origin.ts';

export function isCleartextAllowed(
  rule: CleartextRule,
  origin: Pick<Origin, 'address' | 'proxy'>,
): boolean {
  switch (rule) {
    case 'always':
      return true;
    case 'never':
      return false;
    case 'loopback':
      return origin.proxy === null && isLoopback(origin.address);
  }
}

/** RFC 1122 §3.2.1.3, RFC 4291 §2.5.3; IPv4 on a socket of both families looks like `::ffff:...`. */
function isLoopback(address: string): boolean {
  if (address === '::1') return true;
  const inner = address.replace(/^::ffff:/i, '');
  return isIPv4(inner) && inner.startsWith('127.');
}
