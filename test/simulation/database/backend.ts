/**
 * A server process: does the statements of one connection, one after another, each in a transaction
 * of its own. It knows its client is gone only when it looks; until then it goes on.
 *
 * idle -> performing (and waiting for rows) -> committing -> answering -> idle; a process that hangs
 * stops anywhere, with the rows it has locked, and goes on later.
 *
 * Never: an answer before the commit is visible.
 */

import { type Stage, troubleFor } from '../stage.ts';
import type { Rows } from './lock-statements.ts';
import { StatementError } from './mail-statements.ts';
import { type Pause, type Steps, Transaction } from './rows.ts';
import type { Server } from './server.ts';
import { perform, type Request } from './statements.ts';

export type Answer =
  | { readonly kind: 'rows'; readonly rows: Rows; readonly hasWarning: boolean }
  | { readonly kind: 'error'; readonly sqlState: string };

interface Asked {
  readonly request: Request;
  readonly answer: (answer: Answer) => void;
}

export interface BackendOptions {
  readonly synchronousCommit: boolean;
  readonly statementTimeoutMs: number;
  /** Told when the server ends. */
  readonly broken: (isSilent: boolean) => void;
  /** Hears what is told on the channel, once it listens. */
  readonly notified: (payload: string) => void;
}

interface Current {
  readonly asked: Asked;
  readonly steps: Steps<Rows>;
  readonly tx: Transaction;
}

const queryCancelled = '57014';

export class Backend {
  readonly #stage: Stage;
  readonly #server: Server;
  readonly #options: BackendOptions;
  readonly #queue: Asked[] = [];
  #current: Current | null = null;
  #startedAtMs = 0;
  #clientIsGone = false;
  #listens = false;

  constructor(stage: Stage, server: Server, options: BackendOptions) {
    this.#stage = stage;
    this.#server = server;
    this.#options = options;
    server.backends.add(this);
  }

  receive(request: Request, answer: (answer: Answer) => void): void {
    if (!this.#server.isUp) return;
    this.#queue.push({ request, answer });
    if (this.#current === null) this.#begin();
  }

  notify(payload: string): void {
    if (this.#listens && !this.#clientIsGone) this.#options.notified(payload);
  }

  /** The client has closed its side: what it sent before may be done still. */
  clientLeft(): void {
    this.#clientIsGone = true;
    if (this.#current === null) this.#server.backends.delete(this);
  }

  die(isSilent: boolean): void {
    this.#current = null;
    this.#queue.length = 0;
    this.#options.broken(isSilent);
  }

  #begin(): void {
    const asked = this.#queue.shift();
    if (asked === undefined) return;
    if (this.#clientIsGone && this.#stage.chance.hit(0.5)) {
      this.#queue.length = 0;
      this.#server.backends.delete(this);
      return;
    }
    const tx = new Transaction(this.#server.nowMs());
    tx.snapshot = this.#server.commits;
    if (asked.request.name === 'listen') this.#listens = true;
    const steps = perform(this.#server.tables, tx, asked.request);
    this.#current = { asked, steps, tx };
    this.#startedAtMs = this.#stage.schedule.nowMs;
    this.#advance();
  }

  #advance(): void {
    const current = this.#current;
    if (current === null) return;
    for (;;) {
      let next: IteratorResult<Pause, Rows>;
      try {
        next = current.steps.next();
      } catch (error) {
        if (!(error instanceof StatementError)) throw error;
        this.#fail(error.sqlState);
        return;
      }
      if (next.done === true) {
        this.#later(() => this.#commit(next.value));
        return;
      }
      if (next.value === 'step') {
        const { chance, weather } = this.#stage;
        if (!chance.hit(weather.step)) continue;
        this.#later(() => this.#advance());
        return;
      }
      this.#waitFor(next.value);
      return;
    }
  }

  /** Goes on now, a little later, or much later; then perhaps its time is over. */
  #later(go: () => void): void {
    const { chance, schedule, weather } = this.#stage;
    const current = this.#current;
    const hangs = chance.hit(weather.hang);
    if (!hangs && !chance.hit(weather.step)) {
      go();
      return;
    }
    const ms = hangs ? chance.between(500, 30_000) : chance.between(0, 8);
    if (hangs) this.#hangs(ms);
    schedule.after(null, ms, () => {
      if (!this.#server.isUp || this.#current !== current) return;
      const ranMs = schedule.nowMs - this.#startedAtMs;
      // An alarm that came while it hung may be looked at before it goes on or not.
      if (ranMs > this.#options.statementTimeoutMs && chance.hit(0.5)) this.#fail(queryCancelled);
      else go();
    });
  }

  #hangs(ms: number): void {
    troubleFor(this.#stage, ms);
    this.#stage.trace?.(`server process hangs ${Math.round(ms)} ms in ${this.#name}`);
  }

  get #name(): string {
    return this.#current?.asked.request.name ?? 'nothing';
  }

  #waitFor(row: { waiters: (() => void)[] }): void {
    const { schedule } = this.#stage;
    const current = this.#current;
    let isOver = false;
    row.waiters.push(() => {
      if (isOver) return;
      isOver = true;
      schedule.after(null, 0, () => {
        if (this.#server.isUp && this.#current === current) this.#advance();
      });
    });
    const leftMs = this.#options.statementTimeoutMs - (schedule.nowMs - this.#startedAtMs);
    schedule.after(null, leftMs, () => {
      if (isOver || !this.#server.isUp || this.#current !== current) return;
      isOver = true;
      this.#fail(queryCancelled);
    });
  }

  #commit(rows: Rows): void {
    const current = this.#current;
    if (current === null) return;
    const { tx, asked } = current;
    const server = this.#server;
    if (!tx.hasWritten) {
      tx.end();
      server.notify(tx);
      this.#answer({ kind: 'rows', rows, hasWarning: false });
      return;
    }
    const logged = server.append(tx, asked.request);
    const publish = (hasWarning: boolean) => {
      server.publish(tx, logged);
      this.#answer({ kind: 'rows', rows, hasWarning });
    };
    if (!this.#options.synchronousCommit) {
      publish(false);
      return;
    }
    const { chance, schedule, weather } = this.#stage;
    const isCancelled = chance.hit(weather.unreplicated);
    const ms = chance.hit(0.05) ? chance.between(50, 3_000) : chance.between(0.3, 6);
    schedule.after(null, ms, () => {
      if (!server.isUp || this.#current !== current) return;
      if (isCancelled) {
        this.#stage.trace?.(`the wait for the standby is cancelled in ${this.#name}`);
        publish(true);
      } else if (!server.isDemoted) {
        server.harden(logged);
        publish(false);
      }
    });
  }

  #fail(sqlState: string): void {
    this.#current?.tx.end();
    this.#answer({ kind: 'error', sqlState });
  }

  #answer(answer: Answer): void {
    const current = this.#current;
    this.#current = null;
    current?.asked.answer(answer);
    if (this.#queue.length > 0) this.#begin();
    else if (this.#clientIsGone) this.#server.backends.delete(this);
  }
}
