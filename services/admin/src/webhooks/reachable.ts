/**
 * Which addresses a webhook may lead to: public ones, and the networks that the operator allows. Whoever may
 * make a webhook must not thereby reach what only this host reaches: its own ports, its neighbours, the
 * metadata service of its cloud.
 *
 * Theory of operation. A name is resolved once for each request, every address it has must be good, and the
 * connection is made to one of these addresses, never to the name: what a resolver says a moment
 * later does not count. Of IPv6 only global unicast is public, less the parts that carry IPv4 inside or are
 * for no traffic; so whatever is not thought of here is refused. IPv4 within IPv6 (`::ffff:127.0.0.1`) is
 * the IPv4 address. This host's own addresses are refused as well, public ones too: what listens there may
 * be meant for this host alone. Ways to write an address are no matter of ours: the URL parser leaves one of them.
 *
 * Rules: RFC 6890 and its registries; RFC 4291 §2.5.5; V94 of the faults of others: checked by text, by one
 * address of several, or before a second look-up.
 *
 * Never: an address that passes because it cannot be read; a name that is resolved a second time.
 */

import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Networks } from '@poplar/identity';
import { addressesMax, ownAddressesKeptMs } from './limits.ts';
import { type Resolve, resolver } from './resolver.ts';

/** IPv4 that is not public, and one public address by which machines of a cloud reach its host. */
const reserved = new Networks([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15'],
  ...['198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4', '168.63.129.16'],
]);

const globalUnicast = new Networks(['2000::/3']);

/**
 * Protocol assignments with Teredo and benchmarks, documentation, 6to4, the former 6bone. What is not in 2000::/3 is not
 * public anyway: `::`, IPv4-compatible, NAT64, unique, site and link local.
 */
const reserved6 = new Networks([
  ...['2001::/23', '2001:db8::/32', '2002::/16', '3ffe::/16', '3fff::/20'],
]);

/** The addresses of this host, of all its interfaces that are up. */
export function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((all = []) =>
    all.map(({ address }) => address.replace(/%.*/, '')),
  );
}

interface ReachableParts {
  readonly resolve?: Resolve;
  readonly own?: () => readonly string[];
}

export type Reached =
  | { readonly kind: 'reachable'; readonly addresses: readonly string[] }
  /** Not resolved, or to nothing. */
  | { readonly kind: 'no-address' }
  /** One at least is not allowed. */
  | { readonly kind: 'refused' };

export class Reachable {
  readonly #allowed: Networks;
  readonly #resolve: Resolve;
  readonly #readOwn: () => readonly string[];
  #own = new Networks([]);
  #ownReadAtMs = Number.NEGATIVE_INFINITY;

  /** @param allowed networks besides the public ones, and of this host's addresses */
  constructor(allowed: readonly string[], parts: ReachableParts = {}) {
    const { resolve = resolver(), own = ownAddresses } = parts;
    this.#allowed = new Networks(allowed);
    this.#resolve = resolve;
    this.#readOwn = own;
  }

  isAllowed(address: string): boolean {
    // A zone names an interface of this host.
    if (address.includes('%')) return false;
    return this.#allowed.has(address) || (isPublic(address) && !this.#isOwn(address));
  }

  #isOwn(address: string): boolean {
    const nowMs = performance.now();
    if (nowMs > this.#ownReadAtMs + ownAddressesKeptMs) {
      this.#own = new Networks(this.#readOwn());
      this.#ownReadAtMs = nowMs;
    }
    return this.#own.has(address);
  }

  /** @param hostname of a URL as its parser left it. Never rejects. */
  async addressesOf(hostname: string, signal?: AbortSignal): Promise<Reached> {
    const literal = hostname.replace(/^\[(.*)\]$/, '$1');
    const addresses =
      isIP(literal) === 0 ? await this.#resolve(hostname, signal).catch(() => []) : [literal];
    if (addresses.length === 0) return { kind: 'no-address' };
    if (!addresses.every((address) => this.isAllowed(address))) return { kind: 'refused' };
    return { kind: 'reachable', addresses: addresses.slice(0, addressesMax) };
  }
}

export function isPublic(address: string): boolean {
  if (address.includes('%')) return false;
  if (reserved.has(address)) return false;
  if (globalUnicast.has(address)) return !reserved6.has(address);
  // What is left is IPv4, as such or mapped, or not public.
  return everyIPv4.has(address);
}

const everyIPv4 = new Networks(['0.0.0.0/0']);
