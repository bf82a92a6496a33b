/**
 * A list of networks an address may be in, such as those that are exempt from limits.
 *
 * Never: an address that is in a network only because it could not be read.
 */

import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { plainAddress } from './address-prefix.ts';

export class Networks {
  readonly #list = new BlockList();

  /** @param networks `192.0.2.0/24`, `2001:db8::/32`, or a single address. Throws RangeError. */
  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [address = '', written] = network.split('/');
      const family = isIPv4(address) ? 'ipv4' : 'ipv6';
      const bits = family === 'ipv4' ? 32 : 128;
      const prefix = written === undefined ? bits : Number(written);
      const isGood = (family === 'ipv4' || isIPv6(address)) && written !== '';
      if (!isGood || !Number.isInteger(prefix) || prefix < 0 || prefix > bits) {
        throw new RangeError(`${network} is no network`);
      }
      this.#list.addSubnet(address, prefix, family);
    }
  }

  has(address: string): boolean {
    const plain = plainAddress(address);
    if (isIPv4(plain)) return this.#list.check(plain, 'ipv4');
    return isIPv6(plain) && this.#list.check(plain, 'ipv6');
  }
}
