/**
 * The imports or exports that run in this process: how many there may be, and their end when the API ends.
 *
 * Never: a store that is closed under one of them.
 */

import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { Problem } from '../problem.ts';

export class Running {
  readonly #max: number;
  readonly #streams = new Map<Readable, Promise<unknown>>();
  #begun = 0;

  /** @param app ends what runs before it closes */
  constructor(app: FastifyInstance, max: number) {
    this.#max = max;
    app.addHook('preClose', async () => {
      const ends = [...this.#streams.values()];
      for (const stream of this.#streams.keys()) stream.destroy();
      await Promise.all(ends);
    });
  }

  /** Takes a place, until `response` is closed. Throws Problem when there is none. */
  enter(response: {
    readonly destroyed: boolean;
    once(name: 'close', listener: () => void): unknown;
  }): void {
    // One that has gone meanwhile would never give its place back.
    if (response.destroyed) throw new Problem(400, 'the connection was lost');
    if (this.#begun >= this.#max) throw new Problem(503, 'too many of these at once; try again');
    this.#begun += 1;
    response.once('close', () => {
      this.#begun -= 1;
    });
  }

  /** @param ended settles when nothing of it is under way any more */
  follow(stream: Readable, ended: Promise<unknown>): void {
    this.#streams.set(stream, ended);
    const forget = () => this.#streams.delete(stream);
    ended.then(forget, forget);
  }
}
