/**
 * When the batches of a worker's short line go out: at once after a pause, else at beats that are so far apart.
 *
 * A round trip costs the server and us about as much as ten requests in it. Without a pulse, a worker with
 * a thousand polls a second would make as many batches as round trips fit into it, each for one or two
 * of them. All queues of a line share one pulse, so that what they send leaves in one write.
 *
 * Never: a beat with nothing to do; a request that waits for longer than the distance of two beats.
 */

import { realWorld, type World } from '../world.ts';

export class BatchPulse {
  readonly #distanceMs: number;
  readonly #world: World;
  #joined: (() => void)[] = [];
  #beatAtMs = Number.NEGATIVE_INFINITY;

  constructor(distanceMs: number, world: World = realWorld) {
    this.#distanceMs = distanceMs;
    this.#world = world;
  }

  /** Does the work at the next beat. */
  join(work: () => void): void {
    this.#joined.push(work);
    if (this.#joined.length > 1) return;
    const waitMs = this.#beatAtMs + this.#distanceMs - this.#world.nowMs();
    if (waitMs > 0) this.#world.after(Math.ceil(waitMs), () => this.#beat());
    else this.#world.soon(() => this.#beat());
  }

  #beat(): void {
    this.#beatAtMs = this.#world.nowMs();
    const joined = this.#joined;
    this.#joined = [];
    for (const work of joined) work();
  }
}
