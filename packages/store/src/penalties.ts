/**
 * How nodes tell one another whom they throttle: scores of keys, added by one and read once by each
 * other. Approximate on purpose: a crash of the database empties it, and what nobody reads within
 * `penaltyKeptSeconds` is gone.
 *
 * Never: a name; a wait of a login for it.
 */

import type { ShortLine } from './connection/short-line.ts';
import { StoreError } from './errors.ts';
import { penaltiesAddedMax, penaltiesReadMax } from './limits.ts';
import { exchangePenalties, type PenaltyPlace } from './statements/exchange-penalties.ts';

/** A score that was added to a key. */
export interface Penalty {
  /** Eight octets of a hash. */
  readonly key: Buffer;
  readonly score: number;
}

export interface PenaltyDeltas {
  readonly nodeName: string;
  /** Since the last exchange; two of one key are added up. */
  readonly deltas: readonly Penalty[];
}

const beginning: PenaltyPlace = { addedIn: '0', key: '' };

export class Penalties {
  readonly #line: ShortLine;
  #after: PenaltyPlace;

  constructor(line: ShortLine, after: PenaltyPlace = beginning) {
    this.#line = line;
    this.#after = after;
  }

  /** What others have added since the last call; at the first, all that is kept. One at a time. */
  async exchange({ nodeName, deltas }: PenaltyDeltas): Promise<Penalty[]> {
    if (deltas.length > penaltiesAddedMax) {
      throw new StoreError('INVALID', `at most ${penaltiesAddedMax} penalties at once`);
    }
    const sums = new Map<string, number>();
    for (const { key, score } of deltas) {
      const hex = key.toString('hex');
      sums.set(hex, (sums.get(hex) ?? 0) + score);
    }
    const rows = await this.#line.run(exchangePenalties, {
      nodeName,
      keys: [...sums.keys()].map((hex) => Buffer.from(hex, 'hex')),
      scores: [...sums.values()],
      after: this.#after,
    });
    const penalties: Penalty[] = [];
    for (const { place, score, before } of rows) {
      // Also where it is earlier than before: a database that lost its last transactions.
      this.#after = { addedIn: before, key: '' };
      if (place !== null) penalties.push({ key: Buffer.from(place.key, 'hex'), score });
    }
    const last = rows.at(-1)?.place ?? null;
    if (penalties.length >= penaltiesReadMax && last !== null) this.#after = last;
    return penalties;
  }
}
