/**
 * The keys of scores: 8 octets in place of an account or an address, the same on all nodes of a cluster.
 *
 * The lowest four bits say what a key is of, so that what is throttled can be listed, and are never all
 * zero, which is a free entry. All pairs of an account have the upper half of its key: they are
 * found by it when the account is cleared, without anyone knowing their addresses. Two accounts share
 * that half once in four billion, and are then cleared together.
 *
 * Never: a name that can be read out of a key; a key of a stranger's choosing.
 */

import { Tagger } from '../cache/tagger.ts';

const kinds = { account: 1n, pair: 3n, address: 5n, site: 7n, friends: 9n } as const;
const kindMask = 15n;

/** What is counted: an account, an account from one address, an address, an IPv6 /48. */
export type ScoreKind = 'account' | 'pair' | 'address' | 'site';

export class ScoreKeys {
  readonly #tagger: Tagger;

  constructor(key: Uint8Array) {
    this.#tagger = new Tagger(key);
  }

  account(name: string): bigint {
    return this.#key('account', name);
  }

  pair(account: string, host: string): bigint {
    return (upperHalf(this.account(account)) << 32n) | lowerHalf(this.#key('pair', account, host));
  }

  address(host: string): bigint {
    return this.#key('address', host);
  }

  site(site: string): bigint {
    return this.#key('site', site);
  }

  /** Of a line alone: nothing is counted under it. */
  friends(host: string): bigint {
    return this.#key('friends', host);
  }

  #key(kind: keyof typeof kinds, ...fields: readonly string[]): bigint {
    const tag = this.#tagger.tag([kind, ...fields]).readBigUInt64BE(0);
    return (tag & ~kindMask) | kinds[kind];
  }
}

/** Null of a key that nothing is counted under. */
export function scoreKindOf(key: bigint): ScoreKind | null {
  const mark = key & kindMask;
  if (mark === kinds.account) return 'account';
  if (mark === kinds.pair) return 'pair';
  if (mark === kinds.address) return 'address';
  return mark === kinds.site ? 'site' : null;
}

/** What an account's key shares with those of its pairs. */
export function upperHalf(key: bigint): bigint {
  return key >> 32n;
}

function lowerHalf(key: bigint): bigint {
  return key & 0xffff_ffffn;
}
