/**
 * Why a login did not get its lock though actor and mailbox are in order: asked for many at once, behind
 * the batch that refused them and apart from it, so that who has a lock neither waits for those who have
 * none nor fails with them.
 *
 * Never: a lock; a doubt about another epoch than that which was asked with.
 */

import { BatchQueue } from './connection/batch-queue.ts';
import type { ShortLine } from './connection/short-line.ts';
import type { LockKeeper } from './lock-keeper.ts';
import { readRefused } from './statements/read-refused.ts';
import type { LockRequest } from './statements/take-locks.ts';
import type { World } from './world.ts';

/** `owner-expired`: the lease of the asking worker is over, or its epoch has changed since. */
export interface Refusal {
  readonly kind: 'in-use' | 'login-delay' | 'owner-expired';
}

export interface LockRefusalsParts {
  readonly line: ShortLine;
  readonly keeper: LockKeeper;
  readonly world: World;
}

export class LockRefusals {
  readonly queue: BatchQueue<LockRequest, Refusal>;
  readonly #line: ShortLine;
  readonly #keeper: LockKeeper;

  constructor({ line, keeper, world }: LockRefusalsParts) {
    this.#line = line;
    this.#keeper = keeper;
    this.queue = new BatchQueue({ send: (asked) => this.#send(asked), world });
  }

  async #send(asked: readonly LockRequest[]): Promise<Refusal[]> {
    const refusals: Refusal[] = asked.map(() => ({ kind: 'in-use' }));
    for (const { index, ownerAlive, tooSoon } of await this.#line.run(readRefused, asked)) {
      const request = asked[index];
      if (request !== undefined && !ownerAlive) {
        refusals[index] = { kind: 'owner-expired' };
        this.#keeper.doubt(request.ownerId, request.epoch);
      } else if (tooSoon) refusals[index] = { kind: 'login-delay' };
    }
    return refusals;
  }
}
