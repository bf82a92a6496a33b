/**
 * The leases of workers. A worker's locks last as long as its row's lease; the main thread of each
 * node renews all of its workers in one statement every few seconds and removes the row of a worker
 * that is gone. All times are the database's.
 *
 * Never: a lease given to a row that someone removed.
 */

import type { ShortLine } from './connection/short-line.ts';
import { deleteFormerOwners, type FormerOwners } from './statements/delete-former-owners.ts';
import { deleteOwner } from './statements/delete-owner.ts';
import { insertOwner, type NewOwner } from './statements/insert-owner.ts';
import { listOwners, type Owner } from './statements/list-owners.ts';
import { reapOwners } from './statements/reap-owners.ts';
import { type Renewal, type Renewed, renewOwners } from './statements/renew-owners.ts';

export class Owners {
  readonly #line: ShortLine;

  constructor(line: ShortLine) {
    this.#line = line;
  }

  async register(owner: NewOwner): Promise<void> {
    await this.#line.run(insertOwner, owner);
  }

  /** The owners that still exist: the sessions of any other must end. */
  async renew(renewal: Renewal): Promise<Renewed[]> {
    return renewal.workers.length === 0 ? [] : this.#line.run(renewOwners, renewal);
  }

  /** All locks of this owner are free from now on. */
  async remove(ownerId: string): Promise<void> {
    await this.#line.run(deleteOwner, ownerId);
  }

  /** Removes what earlier processes of this node left. Answers how many. */
  async removeFormer(former: FormerOwners): Promise<number> {
    return (await this.#line.run(deleteFormerOwners, former)).length;
  }

  /** Removes owners that are long dead. Answers how many. */
  async reap(): Promise<number> {
    return (await this.#line.run(reapOwners, undefined)).length;
  }

  async list(): Promise<Owner[]> {
    return this.#line.run(listOwners, undefined);
  }
}
