/**
 * The store's connection to the simulated database: what is sent arrives later and in order, and
 * is answered later and in order; connections know nothing of one another. What a real link does
 * when it is lost, silent or warned, this one does, too (packages/store/src/connection/link.ts).
 *
 * Never: an answer to a link that was given up.
 */

import { StoreError } from '@poplar/store';
import type { Link, LinkSettings, Statement } from '@poplar/store/testing';
import { type Answer, Backend } from '../database/backend.ts';
import type { Database } from '../database/database.ts';
import { requestOf } from '../database/statements.ts';
import type { Actor } from '../schedule.ts';
import { type Stage, troubleFor } from '../stage.ts';

/** How a node reaches the database. */
export interface Route {
  readonly actor: Actor;
  /** Nothing passes until then. */
  cutUntilMs: number;
  /** Closed by the system when the process dies. */
  readonly links: Set<{ abandon(): void }>;
}

interface Outstanding {
  readonly settle: (answer: Answer) => void;
  readonly reject: (error: StoreError) => void;
}

/** What goes wrong with these is worth more than what goes wrong with the hundredth login. */
const rare: ReadonlySet<string> = new Set(['begin_epoch', 'confirm_receipt', 'flag_messages']);

const connectTimeoutMs = 5_000;
const responseGraceMs = 2_000;

function lost(): StoreError {
  return new StoreError('STORE_UNAVAILABLE', 'the connection to the database was lost');
}

/** What errors.ts makes of these SQLSTATEs. */
function translated(sqlState: string): StoreError {
  const code = sqlState === '57014' ? 'STORE_TIMEOUT' : 'CONFLICT';
  return new StoreError(code, `the database answered with SQLSTATE ${sqlState}`);
}

export function connect(
  stage: Stage,
  database: Database,
  options: { route: Route; settings: LinkSettings },
): Promise<Link> {
  const { schedule, chance } = stage;
  const { route, settings } = options;
  const { actor } = route;
  return new Promise((resolve, reject) => {
    if (route.cutUntilMs > schedule.nowMs) {
      const giveUp = () => reject(new StoreError('STORE_UNAVAILABLE', 'no answer to a connect'));
      schedule.after(actor, connectTimeoutMs, giveUp);
      return;
    }
    const arrive = () => {
      if (database.isReachable) resolve(new SimulatedLink(stage, database, { route, settings }));
      else reject(new StoreError('STORE_UNAVAILABLE', 'the connection was refused'));
    };
    schedule.after(actor, chance.between(1, 6), arrive, 'arrival');
  });
}

class SimulatedLink implements Link {
  onLost: ((error: StoreError) => void) | null = null;
  onNotified: ((payload: string) => void) | null = null;
  copySink: ((bytes: Buffer) => void) | null = null;

  readonly #stage: Stage;
  readonly #route: Route;
  readonly #silenceMs: number;
  readonly #backend: Backend;
  readonly #outstanding = new Set<Outstanding>();
  #state: 'open' | 'lost' | 'ended' = 'open';
  #heardAtMs = 0;
  #isWatched = false;
  /** Nothing passes in either direction until then. */
  #silentUntilMs = 0;
  #lastSentMs = 0;
  #lastAnsweredMs = 0;

  constructor(
    stage: Stage,
    database: Database,
    { route, settings }: { route: Route; settings: LinkSettings },
  ) {
    this.#stage = stage;
    this.#route = route;
    this.#silenceMs = settings.statementTimeoutMs + responseGraceMs;
    this.#backend = new Backend(stage, database.primary, {
      synchronousCommit: settings.synchronousCommit,
      statementTimeoutMs: settings.statementTimeoutMs,
      broken: (isSilent) => {
        if (!isSilent) this.#breakSoon();
      },
      notified: (payload) => this.#arrives(() => this.onNotified?.(payload)),
    });
    route.links.add(this);
  }

  get open(): boolean {
    return this.#state === 'open';
  }

  run<Input, Output>(statement: Statement<Input, Output>, input: Input): Promise<Output[]> {
    if (this.#state !== 'open') return Promise.reject(lost());
    const { promise, resolve, reject } = Promise.withResolvers<Output[]>();
    this.#send(statement.name, input, {
      reject,
      settle: (answer) => {
        if (answer.kind === 'error') reject(translated(answer.sqlState));
        else if (answer.hasWarning && statement.durable === true) {
          reject(new StoreError('OUTCOME_UNKNOWN', 'the commit came with a warning'));
        } else resolve(answer.rows.map(statement.row));
      },
    });
    return promise;
  }

  execute(): Promise<void> {
    return Promise.reject(new StoreError('STORE_FAULT', 'the model has no simple protocol'));
  }

  pause(): void {}

  resume(): void {}

  destroy(): void {
    this.#lose(lost());
  }

  async end(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#leave();
  }

  /** Its process is dead. */
  abandon(): void {
    if (this.#state === 'open') this.#leave();
  }

  #send(name: string, input: unknown, outstanding: Outstanding): void {
    const { chance, schedule, weather, trace } = this.#stage;
    const { actor } = this.#route;
    if (this.#outstanding.size === 0) this.#heardAtMs = schedule.nowMs;
    this.#outstanding.add(outstanding);
    this.#watch();
    const often = rare.has(name) ? 8 : 1;
    if (chance.hit(weather.silence * often)) this.#fallSilent(name);
    if (chance.hit(weather.loseRequest * often)) {
      trace?.(`${actor.name}: the request ${name} is lost`);
      this.#breakSoon();
      return;
    }
    const losesAnswer = chance.hit(weather.loseAnswer * often);
    if (losesAnswer) trace?.(`${actor.name}: the answer to ${name} will be lost`);
    // Or, while the server is at work: it goes on, perhaps for longer than it takes to ask again.
    const breaksAtOnce = losesAnswer && chance.hit(0.5);
    const request = requestOf(name, input);
    this.#lastSentMs = this.#passesAt(this.#lastSentMs);
    schedule.at(null, this.#lastSentMs, () => {
      trace?.(`${actor.name} -> ${name} ${brief(input)}`);
      if (breaksAtOnce) this.#breakSoon();
      this.#backend.receive(request, (answer) => {
        trace?.(`${actor.name} <- ${name} ${brief(answer)}`);
        if (losesAnswer) this.#breakSoon();
        else this.#answer(outstanding, answer);
      });
    });
  }

  #answer(outstanding: Outstanding, answer: Answer): void {
    this.#arrives(() => {
      this.#heardAtMs = this.#stage.schedule.nowMs;
      this.#outstanding.delete(outstanding);
      outstanding.settle(answer);
    });
  }

  /** In its turn, if the link is still there then. */
  #arrives(work: () => void): void {
    this.#lastAnsweredMs = this.#passesAt(this.#lastAnsweredMs);
    const arrive = () => {
      if (this.#state === 'open') work();
    };
    this.#stage.schedule.at(this.#route.actor, this.#lastAnsweredMs, arrive, 'arrival');
  }

  #fallSilent(name: string): void {
    const ms = this.#stage.chance.between(2_000, 40_000);
    this.#silentUntilMs = this.#stage.schedule.nowMs + ms;
    troubleFor(this.#stage, ms);
    this.#stage.trace?.(`${this.#route.actor.name}: its connection falls silent at ${name}`);
  }

  /** When what is sent now arrives: behind what was sent before. */
  #passesAt(lastMs: number): number {
    const { chance, schedule } = this.#stage;
    const from = Math.max(schedule.nowMs, this.#silentUntilMs, this.#route.cutUntilMs);
    const ms = chance.hit(0.05) ? chance.between(5, 400) : chance.between(0.1, 3);
    return Math.max(from + ms, lastMs + 0.001);
  }

  #breakSoon(): void {
    const { chance, schedule } = this.#stage;
    const broken = () => this.#lose(lost());
    schedule.after(this.#route.actor, chance.between(0.1, 5), broken, 'arrival');
  }

  /** A real link looks once a second; that is near enough. */
  #watch(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    const { schedule } = this.#stage;
    const dueMs = this.#heardAtMs + this.#silenceMs + 500;
    schedule.at(this.#route.actor, dueMs, () => {
      this.#isWatched = false;
      if (this.#state !== 'open' || this.#outstanding.size === 0) return;
      if (schedule.nowMs - this.#heardAtMs > this.#silenceMs) this.#lose(lost());
      else this.#watch();
    });
  }

  #lose(error: StoreError): void {
    if (this.#state !== 'open') return;
    this.#state = 'lost';
    this.#leave();
    this.onLost?.(error);
    for (const { reject } of this.#outstanding) reject(error);
    this.#outstanding.clear();
  }

  #leave(): void {
    this.#route.links.delete(this);
    this.#stage.schedule.at(null, this.#passesAt(this.#lastSentMs), () =>
      this.#backend.clientLeft(),
    );
  }
}

function brief(value: unknown): string {
  const text = JSON.stringify(value, (key, inner: unknown) => {
    if (key === 'pieces' || key === 'prefixes') return undefined;
    return typeof inner === 'bigint' ? String(inner) : inner;
  });
  return (text ?? '').slice(0, 400);
}
