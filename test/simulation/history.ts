/**
 * The judge of a run: hears from workers when sessions begin and end, knows who has which lock and for how
 * long, and passes on what the database commits (ledger.ts) and what clients are told (testimony.ts).
 * It is outside of what is simulated and knows everything.
 *
 * Never: a hint to anything that is simulated.
 */

import type { Snapshot } from '@poplar/store';
import { leaseSeconds } from '@poplar/store';
import type { Broken, Invariant, SessionRecord, Thread } from './broken.ts';
import type { Logged, Server } from './database/server.ts';
import { Ledger, type Taken } from './ledger.ts';
import type { Stage } from './stage.ts';
import { Testimony } from './testimony.ts';

export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
  readonly atMs: number;
}

/** A lease, the silence of a hung connection, the way back to the database, and some retries. */
const lockEndsWithinMs = leaseSeconds * 1_000 + 12_000 + 5_000 + 8_000;

export class History {
  readonly violations: Violation[] = [];
  /** Counts for the curious: a run in which nothing happens proves nothing. */
  readonly counts = { opened: 0, inUse: 0, removed: 0, delivered: 0, stolen: 0, lost: 0 };
  readonly #stage: Stage;
  readonly #sessions = new Map<string, SessionRecord>();
  readonly #testimony: Testimony;
  /** A former primary went on for a while. */
  #hadTwoServers = false;
  /** Threads that died, and when. */
  readonly #diedAtMs = new Map<Thread, number>();
  /** Commits in the order in which they became visible, which need not be that of the log. */
  readonly #seen = new Set<Logged>();
  readonly broken: Broken = (invariant, what) => {
    const atMs = this.#stage.schedule.nowMs;
    this.violations.push({ invariant, what, atMs });
    this.#stage.trace?.(`BROKEN ${invariant}: ${what}`);
  };

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#testimony = new Testimony(new Ledger(this.#sessions, this.broken), this.broken);
  }

  // ---- what the database does ----

  committed(server: Server, logged: Logged): void {
    this.#seen.add(logged);
    for (const taken of this.#ledger.read(logged)) this.#stolen(server, logged, taken);
    this.#granted(server, logged);
  }

  /**
   * It is back with what its log has: all that was promised must be in it. What became visible before is read in
   * that order: a delivery that waited for its log while an asynchronous grant passed it was not there to be
   * listed, though the log has it first. What nobody had seen becomes visible now.
   */
  recovered(server: Server): void {
    const kept = new Set(server.log);
    const seen = [...this.#seen].filter((logged) => kept.has(logged));
    const unseen = server.log.filter((logged) => !this.#seen.has(logged));
    for (const logged of unseen) this.#seen.add(logged);
    this.#testimony.ledger = new Ledger(this.#sessions, this.broken);
    for (const logged of [...seen, ...unseen]) this.#ledger.read(logged);
    this.checkPromises();
  }

  twoServers(): void {
    this.#hadTwoServers = true;
  }

  checkPromises(): void {
    this.#testimony.checkPromises();
  }

  // ---- what workers do ----

  opening(session: Pick<SessionRecord, 'token' | 'mailboxId' | 'actor'>): void {
    const nothing = { endedAtMs: 0, guids: [], quit: null, isConfirmed: false, isRefused: false };
    this.#sessions.set(session.token, { ...session, ...nothing, state: 'opening' });
  }

  opened(token: string, snapshot: Snapshot): void {
    const session = this.#session(token);
    session.state = 'live';
    session.guids = guidsOf(snapshot);
    this.counts.opened += 1;
    this.#testimony.listed(session);
  }

  /** The session is about to release its lock, or was told that it is void. */
  ending(token: string): void {
    const session = this.#session(token);
    if (session.state !== 'ended') session.state = 'ending';
  }

  ended(token: string): void {
    const session = this.#session(token);
    session.state = 'ended';
    session.endedAtMs = this.#stage.schedule.nowMs;
  }

  /** The store says that this QUIT has changed nothing. */
  lockLost(token: string): void {
    // What a former primary says is not about what is.
    if (!this.#hadTwoServers) this.#testimony.refused(this.#session(token));
  }

  died(actor: Thread): void {
    this.#diedAtMs.set(actor, this.#stage.schedule.nowMs);
  }

  /** A login was told that the maildrop is in use: somebody must have had it a moment ago. */
  refused(mailboxId: string): void {
    this.counts.inUse += 1;
    const { nowMs } = this.#stage.schedule;
    let busyMs = this.#stage.troubleUntilMs;
    for (const session of this.#sessions.values()) {
      if (session.mailboxId !== mailboxId) continue;
      const diedAtMs = this.#diedAtMs.get(session.actor);
      const lastMs = session.state === 'ended' ? session.endedAtMs : (diedAtMs ?? nowMs);
      // The one that was refused just now does not count.
      if (session.state !== 'opening') busyMs = Math.max(busyMs, lastMs);
    }
    if (nowMs - busyMs > lockEndsWithinMs) {
      const holder = this.holderOf(mailboxId);
      this.broken('lock-ends', `mailbox ${mailboxId} is in use; ${holder} has it`);
    }
  }

  // ---- what clients see ----

  /** The client says QUIT with these numbers marked. */
  quits(token: string, numbers: readonly number[]): void {
    this.#testimony.quits(this.#session(token), numbers);
  }

  /** The client has heard `+OK` to it. */
  confirmed(token: string): void {
    this.counts.removed += this.#testimony.confirmed(this.#session(token));
  }

  refusedQuit(): void {
    this.counts.lost += 1;
  }

  /** The client was told these unique ids, in the order of their numbers; null where it is marked. */
  uidls(token: string, uidls: readonly (string | null)[]): void {
    this.#testimony.uidls(this.#session(token), uidls);
  }

  /** The sender has heard `250` for this copy. */
  accepted(attempt: number, mailboxId: string): void {
    this.counts.delivered += 1;
    this.#testimony.accepted(attempt, mailboxId);
  }

  // ---- in the end ----

  /** Whether some session, QUIT or release is still under way. */
  get isBusy(): boolean {
    return [...this.#sessions.values()].some(
      ({ state, actor }) => state !== 'ended' && actor.isAlive,
    );
  }

  /** Who has the lock, in words. */
  holderOf(mailboxId: string): string {
    const { token, ownerId, ownerEpoch } = this.#ledger.lockOf(mailboxId);
    if (token === null) return 'nobody';
    const session = this.#sessions.get(token);
    const thread = `${session?.actor.name}, which is ${session?.actor.state}`;
    return `${session?.state} ${token} of ${thread}, owner ${ownerId} epoch ${ownerEpoch}`;
  }

  get #ledger(): Ledger {
    return this.#testimony.ledger;
  }

  #session(token: string): SessionRecord {
    const session = this.#sessions.get(token);
    if (session === undefined) throw new Error(`no session ${token}`);
    return session;
  }

  /** A lock may be taken only from a session that is over or whose owner's lease is. */
  #stolen(server: Server, logged: Logged, { mailboxId, before }: Taken): void {
    this.counts.stolen += 1;
    const session = this.#sessions.get(before.token ?? '');
    if (session?.state !== 'live' || !session.actor.isAlive) return;
    const owner = server.tables.owner.row(before.ownerId ?? '').at(logged.snapshot);
    if (owner !== null && owner.leaseUntilMs > logged.nowMs) {
      this.broken('exclusive', `mailbox ${mailboxId} is taken from a live session`);
    }
  }

  #granted(server: Server, logged: Logged): void {
    if (logged.request?.name !== 'take_locks') return;
    for (const { mailboxId, token, credentialVersion } of logged.request.input) {
      if (this.#ledger.lockOf(mailboxId).token !== token) continue;
      const mailbox = server.tables.mailbox.row(mailboxId).at(logged.snapshot);
      if (mailbox?.credentialVersion !== credentialVersion) {
        this.broken('credentials', `mailbox ${mailboxId} opened with old credentials`);
      }
    }
  }
}

const identityOctets = 24;
const guidFrom = 8;

function guidsOf({ count, identities }: Snapshot): string[] {
  const octets = Buffer.from(identities.buffer, identities.byteOffset, identities.byteLength);
  return Array.from({ length: count }, (_, index) => {
    const at = index * identityOctets;
    const hex = octets.toString('hex', at + guidFrom, at + identityOctets);
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  });
}
