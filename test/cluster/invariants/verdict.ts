/**
 * Judges what a cluster did, when it is over: goes through the database's log of changes and the words of
 * clients in their one order, with the ledger and the testimony of the simulation.
 *
 * Never: a look at how a statement decided.
 */

import type { LoggedChange } from '@poplar/store/testing';
import type { Broken, SessionRecord } from '../../simulation/broken.ts';
import type { LockRow } from '../../simulation/database/tables.ts';
import { Ledger, type Taken } from '../../simulation/ledger.ts';
import { Testimony } from '../../simulation/testimony.ts';
import { type ClusterRecord, recordsOf } from './record.ts';
import type { Event, WitnessedSession } from './witness.ts';

interface Lease {
  readonly untilMs: number;
  /** Of the renewal before: a statement may have looked before the last one. */
  readonly beforeMs: number;
}

export class Verdict {
  readonly broken: string[] = [];
  readonly ledger: Ledger;
  readonly #sessions = new Map<string, SessionRecord>();
  readonly #byClient = new Map<string, SessionRecord>();
  readonly #leases = new Map<string, Lease>();
  readonly #testimony: Testimony;
  readonly #say: Broken = (invariant, what) => {
    this.broken.push(`${invariant}: ${what}`);
  };

  constructor(changes: readonly LoggedChange[], events: readonly Event[]) {
    this.ledger = new Ledger(this.#sessions, this.#say);
    this.#testimony = new Testimony(this.ledger, this.#say);
    const inOrder = [...events].sort((a, b) => a.number - b.number);
    let told = 0;
    const tellUntil = (number: number) => {
      for (; told < inOrder.length; told += 1) {
        const event = inOrder[told];
        if (event === undefined || event.number > number) return;
        this.#hear(event);
      }
    };
    for (const record of recordsOf(changes)) {
      tellUntil(record.number);
      this.#read(record);
    }
    tellUntil(Infinity);
    this.#testimony.checkPromises();
  }

  #read(record: ClusterRecord): void {
    for (const { table, key, value } of record.writes) {
      if (table === 'owner') this.#renewed(key, value);
      if (table === 'maildrop_lock') this.#granted(key, value as LockRow);
    }
    for (const taken of this.ledger.read(record)) this.#taken(record, taken);
  }

  /** A lock says from which client it was taken. */
  #granted(mailboxId: string, { token, client }: LockRow): void {
    if (token === null || client === null || this.#sessions.has(token)) return;
    const session: SessionRecord = {
      token,
      mailboxId,
      actor: { name: client, state: 'running', isAlive: true },
      state: 'opening',
      endedAtMs: 0,
      guids: [],
      quit: null,
      isConfirmed: false,
      isRefused: false,
    };
    this.#sessions.set(token, session);
    this.#byClient.set(client, session);
  }

  /** Only from a session that is over, or whose owner is gone or has no lease. */
  #taken({ nowMs }: ClusterRecord, { mailboxId, before }: Taken): void {
    const session = this.#sessions.get(before.token ?? '');
    if (session?.state !== 'live') return;
    const lease = this.#leases.get(before.ownerId ?? '');
    if (lease === undefined || Math.min(lease.untilMs, lease.beforeMs) <= nowMs) return;
    this.#say(
      'exclusive',
      `mailbox ${mailboxId} is taken from ${session.actor.name}, who is there`,
    );
  }

  #renewed(ownerId: string, value: object | null): void {
    if (value === null) {
      this.#leases.delete(ownerId);
      return;
    }
    const { leaseUntilMs: untilMs } = value as { leaseUntilMs: number };
    const beforeMs = this.#leases.get(ownerId)?.untilMs ?? untilMs;
    this.#leases.set(ownerId, { untilMs, beforeMs });
  }

  #hear(event: Event): void {
    if (event.kind === 'accepted') {
      this.#testimony.accepted(event.attempt, event.mailboxId);
      return;
    }
    const session = this.#sessionOf(event.session);
    if (session === null) return;
    switch (event.kind) {
      case 'listed':
        session.state = 'live';
        session.guids = event.uidls.map(guidIn);
        this.#testimony.listed(session);
        this.#testimony.uidls(session, event.uidls);
        return;
      case 'uidls':
        this.#testimony.uidls(session, event.uidls);
        return;
      case 'quits':
        this.#testimony.quits(session, event.numbers);
        return;
      case 'confirmed':
        this.#testimony.confirmed(session);
        return;
      case 'ending':
        session.state = 'ending';
    }
  }

  #sessionOf({ client, mailboxId }: WitnessedSession): SessionRecord | null {
    const session = this.#byClient.get(client);
    if (session?.mailboxId === mailboxId) return session;
    this.#say('exclusive', `${client} is logged in and was granted nothing`);
    return null;
  }
}

const guidFrom = 8;

/** BASE64 of the id's 8 octets and the GUID's 16. */
function guidIn(uidl: string): string {
  const hex = Buffer.from(uidl, 'base64').toString('hex', guidFrom);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
