/**
 * What the throttle of a node holds, for those who administer it: failures, the delay they lead to, and
 * when it ends if no more come.
 *
 * Names are not kept, so an entry is shown under its key; who knows a name can look it up. Times follow from
 * the half-life. What other nodes count is in here after the interval of their exchange.
 *
 * Never: a delay changed by being looked at; a name that was not asked for.
 */

import { addressPrefixes } from './address-prefix.ts';
import {
  accountDelaysMs,
  addressDelaysMs,
  pairDelaysMs,
  scoreHalfLifeSeconds,
  siteAddressesMax,
} from './limits.ts';
import { type ScoreKeys, type ScoreKind, scoreKindOf } from './score-keys.ts';
import type { ScoreTable } from './score-table.ts';

export interface Throttled {
  readonly key: bigint;
  readonly kind: ScoreKind;
  readonly failures: number;
  /** What an attempt waits by this score alone. */
  readonly delayMs: number;
  /** Until that is zero; 0 where it is. */
  readonly endsAfterMs: number;
}

interface ThrottledPage {
  /** The key before; 0 for the first page. */
  readonly after: bigint;
  readonly limit: number;
  /** Only what has a delay now. */
  readonly isDelayed: boolean;
}

const levels = {
  account: { delays: accountDelaysMs, share: 1 },
  pair: { delays: pairDelaysMs, share: 1 },
  address: { delays: addressDelaysMs, share: 1 },
  site: { delays: addressDelaysMs, share: siteAddressesMax },
} as const;

/** What has leaked to less than this is not worth a line. */
const shownFailuresMin = 0.5;

export class ThrottleView {
  readonly #scores: ScoreTable;
  readonly #keys: ScoreKeys;

  constructor(scores: ScoreTable, keys: ScoreKeys) {
    this.#scores = scores;
    this.#keys = keys;
  }

  /** In the order of their keys. Looks at the whole table, which is bounded. */
  list({ after, limit, isDelayed }: ThrottledPage): readonly Throttled[] {
    const found: Throttled[] = [];
    for (const [key, failures] of this.#scores.entries()) {
      if (key <= after || failures < shownFailuresMin) continue;
      const entry = throttledOf(key, failures);
      if (entry === null || (isDelayed && entry.delayMs === 0)) continue;
      found.push(entry);
      // Kept from growing to the size of the table, at the price of a sort now and then.
      if (found.length >= limit * 8) {
        found.sort(byKey);
        found.length = limit;
      }
    }
    return found.sort(byKey).slice(0, limit);
  }

  /** Of these names: their own scores, and those from each address they failed from. */
  ofAccounts(names: readonly string[]): readonly Throttled[] {
    const keys = names.map((name) => this.#keys.account(name));
    return this.#scores.familiesOf(keys).flatMap(([key, failures]) => {
      const entry = failures < shownFailuresMin ? null : throttledOf(key, failures);
      return entry === null ? [] : [entry];
    });
  }

  ofAddress(address: string): readonly Throttled[] {
    return this.addressKeys(address).flatMap((key) => {
      const failures = this.#scores.failures(key);
      const entry = failures < shownFailuresMin ? null : throttledOf(key, failures);
      return entry === null ? [] : [entry];
    });
  }

  accountKeys(names: readonly string[]): readonly bigint[] {
    return [...new Set(names)].map((name) => this.#keys.account(name));
  }

  /** Of the address as it is counted, and of its site. */
  addressKeys(address: string): readonly bigint[] {
    const { host, site } = addressPrefixes(address);
    return [this.#keys.address(host), ...(site === null ? [] : [this.#keys.site(site)])];
  }

  /** On this node, now; with an account all of its pairs. */
  clear(keys: readonly bigint[]): void {
    this.#scores.clear(keys);
  }
}

function byKey(one: Throttled, other: Throttled): number {
  return one.key < other.key ? -1 : 1;
}

function throttledOf(key: bigint, failures: number): Throttled | null {
  const kind = scoreKindOf(key);
  if (kind === null) return null;
  const { delays, share } = levels[kind];
  const counted = failures / share;
  const delayMs = delays.findLast(({ above }) => counted > above)?.delayMs ?? 0;
  const freeFrom = delays[0].above;
  const halves = delayMs === 0 ? 0 : Math.log2(counted / freeFrom);
  return { key, kind, failures, delayMs, endsAfterMs: halves * scoreHalfLifeSeconds * 1_000 };
}
