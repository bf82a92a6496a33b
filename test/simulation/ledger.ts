/**
 * What the log of the database says has happened, read record by record by somebody who knows no
 * statement: what each commit changed, and whether that may be. It is read again from the beginning
 * when the database comes back with less.
 *
 * Never: a look at how a statement decided.
 */

import { attemptOf, type Broken, type SessionRecord } from './broken.ts';
import type { Logged } from './database/server.ts';
import { freeLock, type LockRow, type MaildropRow, type MessageRow } from './database/tables.ts';

interface Grant {
  readonly mailboxId: string;
  /** GUIDs of what could be listed when it was made. */
  readonly visible: ReadonlySet<string>;
  /** When it was made, counted in records. */
  readonly record: number;
}

interface Drop {
  row: MaildropRow;
  lock: LockRow;
  readonly messages: Map<string, MessageRow>;
  list: string;
}

/** What of a record of the log the ledger looks at. */
export interface LedgerEntry extends Pick<Logged, 'writes'> {
  readonly request: { readonly name: string } | null;
}

/** A lock that was taken from somebody. */
export interface Taken {
  readonly mailboxId: string;
  readonly before: LockRow;
}

const emptyDrop: MaildropRow = { messages: 0, octets: 0, version: 1 };

export class Ledger {
  readonly grants = new Map<string, Grant>();
  /** Who flagged a message, by its GUID. */
  readonly flaggedBy = new Map<string, string>();
  /** When a message came, counted in records, by its GUID. */
  readonly insertedAt = new Map<string, number>();
  /** Copies that came of each attempt to deliver, by attempt and mailbox. */
  readonly copies = new Map<string, number>();
  readonly #drops = new Map<string, Drop>();
  readonly #sessions: ReadonlyMap<string, SessionRecord>;
  readonly #broken: Broken;
  #records = 0;

  constructor(sessions: ReadonlyMap<string, SessionRecord>, broken: Broken) {
    this.#sessions = sessions;
    this.#broken = broken;
  }

  lockOf(mailboxId: string): LockRow {
    return this.#drop(mailboxId).lock;
  }

  /** Answers the locks that were taken from somebody. */
  read(logged: LedgerEntry): Taken[] {
    this.#records += 1;
    const taken: Taken[] = [];
    const touched = new Set<string>();
    const heldBefore = new Map<string, string | null>();
    for (const { table, key, value } of logged.writes) {
      if (table !== 'maildrop_lock') continue;
      const before = this.#drop(key).lock;
      heldBefore.set(key, before.token);
      if (this.#lockChanged(key, value as LockRow, logged)) taken.push({ mailboxId: key, before });
    }
    const flagged = new Map<string, MessageRow[]>();
    for (const { table, key, value } of logged.writes) {
      if (table === 'maildrop') touched.add(key);
      if (table !== 'message') continue;
      const mailboxId = key.slice(0, key.indexOf('/'));
      touched.add(mailboxId);
      const message = this.#messageChanged(mailboxId, key, value as MessageRow | null);
      if (message !== null) flagged.set(mailboxId, [...(flagged.get(mailboxId) ?? []), message]);
    }
    for (const [mailboxId, messages] of flagged) {
      this.#flagged(mailboxId, messages, heldBefore.get(mailboxId) ?? null);
    }
    for (const mailboxId of touched) this.#listChanged(mailboxId, logged);
    return taken;
  }

  #drop(mailboxId: string): Drop {
    let drop = this.#drops.get(mailboxId);
    if (drop === undefined) {
      drop = { row: emptyDrop, lock: freeLock, messages: new Map(), list: '' };
      this.#drops.set(mailboxId, drop);
    }
    return drop;
  }

  visibleOf(mailboxId: string): MessageRow[] {
    return [...this.#drop(mailboxId).messages.values()].filter(
      ({ deletedAtMs }) => deletedAtMs === null,
    );
  }

  /** True when it was taken from somebody. */
  #lockChanged(mailboxId: string, lock: LockRow, logged: LedgerEntry): boolean {
    const drop = this.#drop(mailboxId);
    const before = drop.lock;
    drop.lock = lock;
    if (lock.token === before.token) return false;
    if (lock.token === null) {
      const holder = this.#sessions.get(before.token ?? '');
      const by = logged.request?.name ?? 'nobody';
      // An administrator may: that session's QUIT will be refused.
      if (by !== 'end_session' && holder?.state === 'live' && holder.actor.isAlive) {
        this.#broken('exclusive', `${by} frees the lock of a live session`);
      }
      return false;
    }
    if (this.grants.has(lock.token)) this.#broken('exclusive', 'a token is granted twice');
    const visible = new Set(this.visibleOf(mailboxId).map(({ guid }) => guid));
    this.grants.set(lock.token, { mailboxId, visible, record: this.#records });
    return before.token !== null;
  }

  /** Answers the message when this flags it. */
  #messageChanged(mailboxId: string, key: string, next: MessageRow | null): MessageRow | null {
    const { messages } = this.#drop(mailboxId);
    const before = messages.get(key) ?? null;
    if (next === null) {
      messages.delete(key);
      if (before === null || before.deletedAtMs === null) {
        this.#broken('removed-by-quit-alone', `message ${key} is purged and was not flagged`);
      }
      return null;
    }
    messages.set(key, next);
    if (before === null) {
      this.#inserted(mailboxId, next);
      return null;
    }
    if (before.guid !== next.guid || before.messageId !== next.messageId) {
      this.#broken('uidl-never-changes', `message ${key} changes its identity`);
    }
    if (before.deletedAtMs !== null && next.deletedAtMs === null) {
      this.#broken('quit-ok-is-durable', `message ${key} comes back`);
    }
    return before.deletedAtMs === null && next.deletedAtMs !== null ? next : null;
  }

  #inserted(mailboxId: string, { guid, body }: MessageRow): void {
    if (this.insertedAt.has(guid)) this.#broken('delivered-once', `GUID ${guid} comes twice`);
    this.insertedAt.set(guid, this.#records);
    const copy = `${attemptOf(body)}/${mailboxId}`;
    const copies = (this.copies.get(copy) ?? 0) + 1;
    this.copies.set(copy, copies);
    if (copies > 1) this.#broken('delivered-once', `attempt ${copy} is there ${copies} times`);
  }

  /** Only what the holder of the lock marked, all of it, and only after it said QUIT. */
  #flagged(mailboxId: string, messages: readonly MessageRow[], holder: string | null): void {
    const token = messages[0]?.deletedBy ?? '';
    const session = this.#sessions.get(token);
    if (holder !== token) {
      this.#broken('removed-by-quit-alone', `mailbox ${mailboxId}: flagged without its lock`);
    }
    if (session === undefined || session.quit === null) {
      this.#broken('removed-by-quit-alone', `mailbox ${mailboxId}: flagged without a QUIT`);
      return;
    }
    if (session.isRefused) this.#broken('lost-is-lost', `${token} removes after it was refused`);
    // What was never promised may be gone by itself.
    const marked = session.quit.filter((guid) => this.insertedAt.has(guid)).sort();
    const removed = messages.map(({ guid }) => guid).sort();
    if (removed.join() !== marked.join()) {
      this.#broken('quit-is-exact', `marked ${marked.join()}, flagged ${removed.join()}`);
    }
    for (const guid of removed) this.flaggedBy.set(guid, token);
  }

  #listChanged(mailboxId: string, logged: LedgerEntry): void {
    const drop = this.#drop(mailboxId);
    const before = drop.row;
    for (const { table, key, value } of logged.writes) {
      if (table === 'maildrop' && key === mailboxId) drop.row = value as MaildropRow;
    }
    const visible = this.visibleOf(mailboxId);
    const octets = visible.reduce((sum, message) => sum + message.octets, 0);
    if (drop.row.messages !== visible.length || drop.row.octets !== octets) {
      const told = `${drop.row.messages} of ${drop.row.octets} octets`;
      this.#broken('counters', `${told} counted, ${visible.length} of ${octets} there`);
    }
    const list = visible.map(({ guid }) => guid).join();
    if (list !== drop.list && drop.row.version <= before.version) {
      this.#broken('version', `mailbox ${mailboxId} has another list at ${drop.row.version}`);
    }
    drop.list = list;
  }
}
