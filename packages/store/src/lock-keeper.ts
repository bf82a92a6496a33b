/**
 * What a worker knows of its locks: which tokens are live, and in which epoch of its owner row they
 * were taken.
 *
 * Theory of operation. A lock is held while its owner's lease runs and the lock's epoch is not older
 * than the owner's. As long as nothing goes wrong, locks are taken and released by token and the
 * epoch stays. It can go wrong in three ways that leave a lock behind which nobody would release: a
 * release that was never sent or is not known to have arrived; one that was answered and then lost
 * with an asynchronous commit; a grant from a server process that hung while we gave it up. All three
 * come with the loss of the connection, so each new connection begins a new epoch before anything
 * else is sent on it, takes the live locks along and thereby frees the rest (0004-owner-epoch.sql).
 * A release that did not come through although the connection stands asks for the same.
 *
 *   opening  its open is on the way: it is taken along if it is there already
 *   live     its open was answered `opened` and nobody has closed it
 *   lost     it was live and not there to be taken along: its session is told
 *
 * `forget` ends all three: the session is over, and its lock is not taken along any more.
 *
 * Epochs are numbered here, so that a beginning that hung and is done after a later one is refused.
 *
 * Never: a lock taken along that nobody in this process uses; an epoch guessed; a number used twice.
 */

import type { Link } from './connection/link.ts';
import { beginEpoch, type EpochRow } from './statements/begin-epoch.ts';
import type { HeldLock } from './statements/release-locks.ts';

/** What `take_locks` finds no owner with. */
const noEpoch = '-1';

interface Kept extends HeldLock {
  state: 'opening' | 'live';
}

export class LockKeeper {
  /** Epochs begun. */
  epochs = 0;
  /** Times that `begin` was called: each takes along what is kept from then on. */
  asked = 0;
  /** The last of those times that came to an end: what was forgotten before it is free. */
  settled = 0;

  readonly #lost: (tokens: readonly string[]) => void;
  /** Locks of each owner, by token; a worker has one owner, and a new one only when that was lost. */
  readonly #kept = new Map<string, Map<string, Kept>>();
  /** Null where it is not known. An owner stays here until it is known to be removed. */
  readonly #epochs = new Map<string, string | null>();

  /** Of the last epoch that was asked for, of whichever owner. */
  #number = 0;

  /** @param lost hears of tokens that do not hold their lock any more */
  constructor(lost: (tokens: readonly string[]) => void) {
    this.#lost = lost;
  }

  /** To be done on a new link before anything else. Rejects with a StoreError. */
  async begin(link: Link): Promise<void> {
    this.asked += 1;
    const { asked } = this;
    // One whose locks are all forgotten, too: they may be what this is for.
    const owners = new Set([...this.#epochs.keys(), ...this.#kept.keys()]);
    for (const ownerId of owners) this.#epochs.set(ownerId, null);
    for (const ownerId of owners) await this.#begin(link, ownerId);
    this.settled = Math.max(this.settled, asked);
  }

  /** The epoch to take locks in; the first lock of an owner begins one. Rejects with a StoreError. */
  async epochOf(link: Link, ownerId: string): Promise<string> {
    return this.#epochs.get(ownerId) ?? (await this.#begin(link, ownerId));
  }

  /** The owner may be in another epoch than this, or gone: if none was begun since, the next open asks. */
  doubt(ownerId: string, epoch: string): void {
    if (this.#epochs.get(ownerId) === epoch) this.#epochs.set(ownerId, null);
  }

  /** To be said before the lock is asked for. */
  opening(ownerId: string, { mailboxId, token }: HeldLock): void {
    let locks = this.#kept.get(ownerId);
    if (locks === undefined) {
      locks = new Map();
      this.#kept.set(ownerId, locks);
    }
    locks.set(token, { mailboxId, token, state: 'opening' });
  }

  opened(ownerId: string, token: string): void {
    const kept = this.#kept.get(ownerId)?.get(token);
    if (kept !== undefined) kept.state = 'live';
  }

  /** False once its session was told that it is lost, or closed it. */
  holds(ownerId: string, token: string): boolean {
    return this.#kept.get(ownerId)?.has(token) ?? false;
  }

  /** The live lock of a mailbox that this owner has; null when it has none. */
  liveToken(ownerId: string, mailboxId: string): string | null {
    for (const kept of this.#kept.get(ownerId)?.values() ?? []) {
      if (kept.mailboxId === mailboxId && kept.state === 'live') return kept.token;
    }
    return null;
  }

  /** Its session is over: whatever becomes of its release, it is not taken along. */
  forget(token: string): void {
    for (const [ownerId, locks] of this.#kept) {
      if (locks.delete(token) && locks.size === 0) this.#kept.delete(ownerId);
    }
  }

  async #begin(link: Link, ownerId: string): Promise<string> {
    const kept = [...(this.#kept.get(ownerId)?.values() ?? [])];
    const live = kept.filter(({ state }) => state === 'live').map(({ token }) => token);
    this.#number += 1;
    const begun = { ownerId, epoch: String(this.#number), locks: kept };
    const rows: EpochRow[] = await link.run(beginEpoch, begun);
    const epoch = rows[0]?.epoch ?? noEpoch;
    this.epochs += 1;
    if (epoch === noEpoch) this.#epochs.delete(ownerId);
    else this.#epochs.set(ownerId, epoch);
    const held = new Set(rows.map(({ token }) => token));
    const lost = live.filter((token) => !held.has(token));
    for (const token of lost) this.forget(token);
    if (lost.length > 0) this.#lost(lost);
    return epoch;
  }
}
