/**
 * A PostgreSQL server of the simulation: its log, its processes, and how a commit becomes visible
 * and durable.
 *
 * Theory of operation. A commit is first appended to the log. Asynchronous ones are visible at once
 * and durable later; synchronous ones are visible and answered only when the log is durable up to
 * them (locally, or on the standby where there is one). So a crash or a fail-over keeps a beginning of
 * the log that has all synchronous commits anybody saw, and may lose any number behind it. A new server
 * is made by doing that beginning again.
 *
 * Never: a commit visible before it is in the log; a statement that knows of time but by `now()`.
 */

import type { Stage } from '../stage.ts';
import type { Backend } from './backend.ts';
import type { Transaction } from './rows.ts';
import type { Request } from './statements.ts';
import { Sequence, Tables } from './tables.ts';

interface LoggedWrite {
  readonly table: string;
  readonly key: string;
  readonly value: object | null;
}

/** One record of the log. */
export interface Logged {
  readonly writes: readonly LoggedWrite[];
  /** Null for what no client asked for. */
  readonly request: Request | null;
  /** `now()` of its transaction, and what that saw. */
  readonly nowMs: number;
  readonly snapshot: number;
  readonly appendedAtMs: number;
  readonly sequenceUpTo: bigint | null;
}

export interface ServerOptions {
  readonly mailboxIds: readonly string[];
  readonly past: readonly Logged[];
  /** Its clock against the true time. */
  readonly offsetMs: number;
  readonly committed: (server: Server, logged: Logged) => void;
}

/** Asynchronous commits are written at most this late: three times wal_writer_delay. */
const writtenWithinMs = 600;

export class Server {
  readonly tables: Tables;
  readonly log: Logged[] = [];
  readonly backends = new Set<Backend>();
  /** Commits that are visible. */
  commits = 0;
  /** The log up to here is as durable as it is promised to be. */
  durable = 0;
  isUp = true;
  /** Its standby has been promoted: it can promise nothing any more. */
  isDemoted = false;
  readonly #stage: Stage;
  readonly #offsetMs: number;
  readonly #committed: (server: Server, logged: Logged) => void;

  constructor(stage: Stage, options: ServerOptions) {
    this.#stage = stage;
    this.#offsetMs = options.offsetMs;
    this.#committed = options.committed;
    const last = options.past.findLast(({ sequenceUpTo }) => sequenceUpTo !== null);
    const logSequence = (sequenceUpTo: bigint) =>
      void this.log.push(this.#record({ writes: [], request: null, sequenceUpTo }));
    this.tables = new Tables(new Sequence(last?.sequenceUpTo ?? 0n, logSequence));
    for (const mailboxId of options.mailboxIds) this.tables.addMailbox(mailboxId);
    for (const logged of options.past) {
      this.log.push(logged);
      this.#redo(logged);
    }
    this.durable = this.log.length;
  }

  nowMs(): number {
    return this.#stage.schedule.nowMs + this.#offsetMs;
  }

  append(tx: Transaction, request: Request): Logged {
    const writes = tx.writes.map(({ row: { table, key }, value }) => ({ table, key, value }));
    const { nowMs, snapshot } = tx;
    const made = { writes, request, sequenceUpTo: null };
    const logged = { ...this.#record(made), nowMs, snapshot };
    this.log.push(logged);
    return logged;
  }

  /** Others see it from now on. */
  publish(tx: Transaction, logged: Logged): void {
    this.commits += 1;
    tx.commit(this.commits);
    this.#committed(this, logged);
    this.notify(tx);
  }

  /** Those who listen hear it. */
  notify({ notifications }: Transaction): void {
    for (const payload of notifications) {
      for (const backend of this.backends) backend.notify(payload);
    }
  }

  /** The log is durable up to this record. */
  harden(logged: Logged): void {
    this.durable = Math.max(this.durable, this.log.indexOf(logged) + 1);
  }

  /** A change that no statement of the store makes, committed at once. */
  administer(table: string, key: string, value: object): void {
    const writes = [{ table, key, value }];
    const logged = this.#record({ writes, request: null, sequenceUpTo: null });
    this.log.push(logged);
    this.durable = this.log.length;
    this.commits += 1;
    this.#redo(logged, this.commits);
    this.#committed(this, logged);
  }

  /** How much of the log is kept when it ends now. */
  survivors(): Logged[] {
    const before = this.#stage.schedule.nowMs - writtenWithinMs;
    let least = this.durable;
    while ((this.log[least]?.appendedAtMs ?? before) < before) least += 1;
    const most = this.log.length;
    // All of what may be lost is lost as often as only some of it.
    const kept = this.#stage.chance.hit(0.5)
      ? least
      : least + this.#stage.chance.below(most - least + 1);
    return this.log.slice(0, kept);
  }

  /** It is gone, and with it every process and connection. */
  die(isSilent: boolean): void {
    this.isUp = false;
    for (const backend of this.backends) backend.die(isSilent);
    this.backends.clear();
  }

  #record(what: Pick<Logged, 'writes' | 'request' | 'sequenceUpTo'>): Logged {
    const appendedAtMs = this.#stage.schedule.nowMs;
    return { ...what, nowMs: this.nowMs(), snapshot: this.commits, appendedAtMs };
  }

  #redo({ writes }: Logged, commit = 0): void {
    for (const { table, key, value } of writes) this.tables.find(table, key).add(commit, value);
  }
}
