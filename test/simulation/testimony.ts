/**
 * The judge of what clients were told: it is held against the ledger at once, whenever the database
 * comes back with less, and in the end.
 *
 * Never: a conclusion from a reply that was not heard.
 */

import type { Broken, SessionRecord } from './broken.ts';
import type { Ledger } from './ledger.ts';

export class Testimony {
  /** Of the database as it is now. */
  ledger: Ledger;
  readonly #broken: Broken;
  readonly #confirmed = new Set<SessionRecord>();
  /** Copies that were answered `250`, by attempt and mailbox. */
  readonly #accepted = new Set<string>();
  readonly #uidls = new Map<string, string>();
  readonly #guidsOfUidl = new Map<string, string>();

  constructor(ledger: Ledger, broken: Broken) {
    this.ledger = ledger;
    this.#broken = broken;
  }

  /** All that was promised is kept. */
  checkPromises(): void {
    for (const copy of this.#accepted) this.#isThere(copy);
    for (const session of this.#confirmed) this.#isDone(session);
  }

  /** The list of this session was read: it is what was there when it got its lock, or came since. */
  listed({ token, mailboxId, guids }: SessionRecord): void {
    const grant = this.ledger.grants.get(token);
    // Undone by a crash, or taken already: its QUIT will be refused.
    if (grant === undefined || this.ledger.lockOf(mailboxId).token !== token) return;
    const listed = new Set(guids);
    for (const guid of grant.visible) {
      if (!listed.has(guid)) this.#broken('list-is-current', `${guid} is there and not listed`);
    }
    for (const guid of listed) {
      const isNew = (this.ledger.insertedAt.get(guid) ?? 0) > grant.record;
      if (!grant.visible.has(guid) && !isNew) {
        this.#broken('list-is-current', `${guid} is listed and was removed before`);
      }
    }
  }

  /** The client says QUIT with these numbers marked. */
  quits(session: SessionRecord, numbers: readonly number[]): void {
    session.quit = numbers.map((number) => session.guids[number - 1] ?? '?');
  }

  /** The client has heard `+OK` to it. Answers how many messages are gone by that. */
  confirmed(session: SessionRecord): number {
    if (session.quit === null || session.quit.length === 0) return 0;
    session.isConfirmed = true;
    this.#confirmed.add(session);
    this.#isDone(session);
    return session.quit.length;
  }

  /** Its QUIT was told that it has lost its lock: it has removed nothing, nor will it. */
  refused(session: SessionRecord): void {
    session.isRefused = true;
    for (const [guid, by] of this.ledger.flaggedBy) {
      if (by === session.token) {
        this.#broken('lost-is-lost', `${guid} was removed and its QUIT refused`);
      }
    }
  }

  /** The client was told these unique ids, in the order of their numbers; null where it is marked. */
  uidls({ guids }: SessionRecord, uidls: readonly (string | null)[]): void {
    if (uidls.length > guids.length) this.#broken('numbers-stand', 'more messages than there are');
    for (const [index, uidl] of uidls.entries()) {
      const guid = guids[index] ?? '?';
      if (uidl === null) continue;
      const before = this.#uidls.get(guid) ?? uidl;
      const holder = this.#guidsOfUidl.get(uidl) ?? guid;
      if (before !== uidl) this.#broken('uidl-never-changes', `${guid}: ${before}, then ${uidl}`);
      if (holder !== guid) this.#broken('uidl-never-changes', `${uidl} is given out again`);
      this.#uidls.set(guid, uidl);
      this.#guidsOfUidl.set(uidl, guid);
    }
  }

  /** The sender has heard `250` for this copy. */
  accepted(attempt: number, mailboxId: string): void {
    const copy = `${attempt}/${mailboxId}`;
    this.#accepted.add(copy);
    this.#isThere(copy);
  }

  #isThere(copy: string): void {
    if (this.ledger.copies.has(copy)) return;
    this.#broken('accepted-is-there', `attempt ${copy} was accepted and is not there`);
  }

  #isDone(session: SessionRecord): void {
    for (const guid of session.quit ?? []) {
      // What was never promised may be gone by itself.
      const isKnown = this.ledger.insertedAt.has(guid);
      if (isKnown && this.ledger.flaggedBy.get(guid) !== session.token) {
        this.#broken('quit-ok-is-durable', `${guid} was removed with +OK and is there`);
      }
    }
  }
}
