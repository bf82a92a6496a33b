/**
 * When the batches of a worker's short line go out: at once, or while many come together at beats that are
 * so far apart.
 *
 * A round trip costs the server and us about as much as ten requests in it. Without a pulse, a worker with
 * a thousand polls a second would make as many batches as round trips fit into it, each for one or two
 * of them. All queues of a line share one pulse, so that what they send leaves in one write. A beat that
 * carried one request alone holds up nobody: one client that logs in again and again never waits.
 *
 * Never: a beat with nothing to do; a request that waits for longer than the distance of two beats.
 */

import { realWorld, type World } from '../world.ts';

/** Sends a batch; answers how many requests are in it. */
type Send = () => number;

export class BatchPulse {
  readonly #distanceMs: number;
  readonly #world: World;
  #joined: Send[] = [];
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(distanceMs: number, world: World = realWorld) {
    this.#distanceMs = distanceMs;
    this.#world = world;
  }

  /** Sends at the next beat. */
  join(send: Send): void {
    this.#joined.push(send);
    if (this.#joined.length > 1) return;
    const waitMs = this.#notBeforeMs - this.#world.nowMs();
    if (waitMs > 0) this.#world.after(Math.ceil(waitMs), () => this.#beat());
    else this.#world.soon(() => this.#beat());
  }

  #beat(): void {
    const joined = this.#joined;
    this.#joined = [];
    let requests = 0;
    for (const send of joined) requests += send();
    this.#notBeforeMs =
      requests > 1 ? this.#world.nowMs() + this.#distanceMs : Number.NEGATIVE_INFINITY;
  }
}
