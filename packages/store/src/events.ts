/**
 * Tells webhooks of what a worker sees happen and no transaction of its own records: locks taken from
 * owners that are gone, and many failed logins. What is delivered and what administration does is told in
 * its own transaction.
 *
 * Best effort: what cannot be written is not told, and nobody waits for it.
 *
 * Never: a wait of a login or an open; a statement where no webhook may want the event.
 */

import type { ShortLine } from './connection/short-line.ts';
import type { MailboxId } from './contract.ts';
import { failuresToldMax, failuresToldMs } from './limits.ts';
import { type FailedLogins, tellFailedLogins } from './statements/tell-failed-logins.ts';
import { tellStolenLocks } from './statements/tell-stolen-locks.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { World } from './world.ts';

export class Events {
  readonly #line: ShortLine;
  readonly #subscriptions: Subscriptions;
  readonly #world: World;
  /** Names and addresses told of lately, and when. */
  readonly #told = new Map<string, number>();

  constructor(line: ShortLine, subscriptions: Subscriptions, world: World) {
    this.#line = line;
    this.#subscriptions = subscriptions;
    this.#world = world;
  }

  /** Whether it is worth counting failures. */
  get wantsFailedLogins(): boolean {
    return this.#subscriptions.wants('login.failed_many');
  }

  locksStolen(mailboxIds: readonly MailboxId[]): void {
    if (!this.#subscriptions.wants('lock.broken')) return;
    this.#line.run(tellStolenLocks, mailboxIds).catch(() => undefined);
  }

  /** May be called for every failure beyond what is many: it is told once. */
  loginsFailed(failed: FailedLogins): void {
    if (!this.wantsFailedLogins) return;
    const subject = failed.name === null ? `client ${failed.client}` : `name ${failed.name}`;
    if (!this.#isNew(subject)) return;
    this.#line.run(tellFailedLogins, failed).catch(() => this.#told.delete(subject));
  }

  #isNew(subject: string): boolean {
    const nowMs = this.#world.nowMs();
    const lastMs = this.#told.get(subject);
    if (lastMs !== undefined && nowMs - lastMs < failuresToldMs) return false;
    this.#told.delete(subject);
    if (this.#told.size >= failuresToldMax) {
      // Insertion order is the order of their times.
      const [oldest = subject] = this.#told.keys();
      this.#told.delete(oldest);
    }
    this.#told.set(subject, nowMs);
    return true;
  }
}
