/**
 * What happens when: events in the order of simulated time, ties by chance, all in one thread.
 * After each event every promise it settled has run to its next wait, as in an event loop.
 *
 * An actor is a process or a thread of the simulated machines. What happens to one that is paused is
 * kept until it goes on; what would happen to one that is dead never does.
 *
 * Never: a look at the real clock.
 */

import type { Chance } from './chance.ts';

/** Timers and arrivals are told apart: a process that was paused may see either first. */
type Kind = 'timer' | 'arrival';

interface Event {
  atMs: number;
  tie: number;
  readonly actor: Actor | null;
  readonly kind: Kind;
  work: (() => void) | null;
}

export interface Planned {
  cancel(): void;
}

export class Actor {
  state: 'running' | 'paused' | 'dead' = 'running';
  kept: Event[] = [];
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  get isAlive(): boolean {
    return this.state !== 'dead';
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.tie < b.tie);
}

export class Schedule {
  nowMs = 0;
  events = 0;
  readonly #chance: Chance;
  readonly #heap: Event[] = [];

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  after(actor: Actor | null, ms: number, work: () => void, kind: Kind = 'timer'): Planned {
    return this.at(actor, this.nowMs + Math.max(0, ms), work, kind);
  }

  at(actor: Actor | null, atMs: number, work: () => void, kind: Kind = 'timer'): Planned {
    const event: Event = { atMs, tie: this.#chance.bits(), actor, kind, work };
    this.#push(event);
    return {
      cancel: () => {
        event.work = null;
      },
    };
  }

  pauseFor(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(null, ms, resolve));
  }

  /** A paused actor goes on: what it missed comes at once, timers or arrivals first. */
  resume(actor: Actor): void {
    if (actor.state !== 'paused') return;
    actor.state = 'running';
    const first: Kind = this.#chance.hit(0.5) ? 'timer' : 'arrival';
    const kept = actor.kept.filter(({ work }) => work !== null);
    actor.kept = [];
    const ordered = [
      ...kept.filter(({ kind }) => kind === first),
      ...kept.filter(({ kind }) => kind !== first),
    ];
    for (const [nth, event] of ordered.entries()) {
      event.atMs = this.nowMs;
      event.tie = nth - ordered.length - 2 ** 31;
      this.#push(event);
    }
  }

  /** Runs until that time, or until `isOver` after an event. */
  async runUntil(endMs: number, isOver: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const step = () => {
      try {
        if (!this.#next(endMs) || isOver()) resolve();
        else setImmediate(step);
      } catch (error) {
        reject(error);
      }
    };
    step();
    return promise;
  }

  /** Does the next thing that anybody notices; false when there is none until then. */
  #next(endMs: number): boolean {
    for (;;) {
      const event = this.#heap[0];
      if (event === undefined || event.atMs > endMs) return false;
      this.#pop();
      const { actor, work } = event;
      if (work === null || actor?.state === 'dead') continue;
      this.nowMs = Math.max(this.nowMs, event.atMs);
      if (actor?.state === 'paused') {
        actor.kept.push(event);
        continue;
      }
      this.events += 1;
      // Timers are done once: cancelling one that has begun does nothing.
      event.work = null;
      work();
      return true;
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as Event;
      if (!isBefore(event, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      const right = heap[below + 1];
      if (right !== undefined && isBefore(right, heap[below] as Event)) below += 1;
      const child = heap[below] as Event;
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
  }
}
