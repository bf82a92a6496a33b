/**
 * A client's connection to a worker: octets arrive later and in order, or not at all when one of
 * them is gone. What a client that vanished leaves behind is found out by keepalive.
 */

import type { Actor, Schedule } from '../schedule.ts';
import type { Stage } from '../stage.ts';

/** The worker's end. */
export interface Serving {
  received(octets: Uint8Array): void;
  inputEnded(): void;
  /** The connection is gone, for whatever reason. */
  over(): void;
}

/** Keepalive's verdict, in simulated time: shorter than in life, where it is a minute. */
const keepaliveMs = 12_000;

export class Wire {
  serving: Serving | null = null;
  /** The client has gone without a word: nobody knows yet. */
  isDeserted = false;
  readonly #stage: Stage;
  readonly #schedule: Schedule;
  readonly #actor: Actor;
  #heard = '';
  #waiting: ((line: string | null) => void) | null = null;
  #toServerMs = 0;
  #toClientMs = 0;
  #clientIsGone = false;
  #isClosed = false;

  constructor(stage: Stage, actor: Actor) {
    this.#stage = stage;
    this.#schedule = stage.schedule;
    this.#actor = actor;
  }

  // ---- the client's end ----

  send(text: string): void {
    if (this.#clientIsGone) return;
    this.#tell(`says ${JSON.stringify(text)}`);
    const octets = Buffer.from(text, 'latin1');
    this.#toServer(() => this.serving?.received(octets));
  }

  /** The next line without its end; null when the connection ended before it. */
  line(): Promise<string | null> {
    const found = this.#takeLine();
    if (found !== null) return Promise.resolve(found);
    if (this.#isClosed || !this.#actor.isAlive) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** FIN or RST. */
  close(): void {
    if (this.#clientIsGone) return;
    this.#tell('closes');
    this.#clientIsGone = true;
    this.#toServer(() => this.serving?.inputEnded());
    this.#hear(null);
  }

  /** Without a word: the server finds out much later. */
  vanish(): void {
    if (this.#clientIsGone) return;
    this.#tell('vanishes');
    this.#clientIsGone = true;
    this.isDeserted = true;
    this.#toServerMs = this.#schedule.nowMs + this.#stage.chance.between(100, keepaliveMs);
    this.#toServer(() => this.serving?.over());
    this.#hear(null);
  }

  // ---- the worker's end ----

  say(octets: Uint8Array): void {
    const text = Buffer.from(octets).toString('latin1');
    this.#toClient(() => {
      this.#tell(`hears ${JSON.stringify(text)}`);
      this.#heard += text;
      if (this.#waiting !== null) this.#hear(this.#takeLine());
    });
  }

  /** The worker has closed it, or died. */
  closed(): void {
    this.#toClient(() => {
      this.#isClosed = true;
      this.#hear(null);
    });
  }

  #tell(what: string): void {
    this.#stage.trace?.(`client of ${this.#actor.name} ${what}`);
  }

  #hear(line: string | null): void {
    if (line === null && !this.#isClosed && !this.#clientIsGone) return;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(line);
  }

  #takeLine(): string | null {
    const end = this.#heard.indexOf('\r\n');
    if (end < 0) return null;
    const line = this.#heard.slice(0, end);
    this.#heard = this.#heard.slice(end + 2);
    return line;
  }

  #toServer(work: () => void): void {
    this.#toServerMs = Math.max(this.#toServerMs + 0.001, this.#schedule.nowMs + this.#delayMs());
    this.#schedule.at(this.#actor, this.#toServerMs, work, 'arrival');
  }

  #toClient(work: () => void): void {
    this.#toClientMs = Math.max(this.#toClientMs + 0.001, this.#schedule.nowMs + this.#delayMs());
    this.#schedule.at(null, this.#toClientMs, work, 'arrival');
  }

  #delayMs(): number {
    return this.#stage.chance.between(0.1, 3);
  }
}
