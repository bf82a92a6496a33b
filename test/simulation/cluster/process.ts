/**
 * A thread of a simulated node, and the world as its store sees it.
 */

import type { World } from '@poplar/store/testing';
import type { Database } from '../database/database.ts';
import { Actor } from '../schedule.ts';
import type { Stage } from '../stage.ts';
import { connect, type Route } from './link.ts';

export class Process {
  readonly actor: Actor;
  readonly world: World;
  readonly #stage: Stage;
  readonly #route: Route;

  constructor(stage: Stage, database: Database, name: string) {
    this.#stage = stage;
    this.actor = new Actor(name);
    this.#route = { actor: this.actor, cutUntilMs: 0, links: new Set() };
    this.world = worldOf(stage, database, this.#route);
  }

  /** Nothing passes between it and the database. */
  cutOff(ms: number): void {
    this.#route.cutUntilMs = this.#stage.schedule.nowMs + ms;
  }

  pause(): void {
    if (this.actor.state === 'running') this.actor.state = 'paused';
  }

  resume(): void {
    this.#stage.schedule.resume(this.actor);
  }

  kill(): void {
    this.actor.state = 'dead';
    for (const link of [...this.#route.links]) link.abandon();
  }

  pauseFor(ms: number): Promise<void> {
    return new Promise((resolve) => this.#stage.schedule.after(this.actor, ms, resolve));
  }
}

function worldOf(stage: Stage, database: Database, route: Route): World {
  const { schedule, chance } = stage;
  const { actor } = route;
  return {
    nowMs: () => schedule.nowMs,
    after: (ms, work) => schedule.after(actor, ms, work),
    every: (ms, work) => {
      let planned = schedule.after(actor, ms, again);
      function again(): void {
        planned = schedule.after(actor, ms, again);
        work();
      }
      return { cancel: () => planned.cancel() };
    },
    soon: (work) => void schedule.after(actor, 0, work, 'arrival'),
    uuid: () => chance.uuid(),
    connect: (settings) => connect(stage, database, { route, settings }),
  };
}
