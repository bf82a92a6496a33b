/**
 * Places for requests of which there may be so many at once, and the end of a response, which may be over
 * before anybody asks: a client can be gone while its token is looked up.
 *
 * Never: a place that stays taken when its request is over.
 */

import { Problem } from './problem.ts';

/** What counts of a response. */
export interface Response {
  readonly destroyed: boolean;
  once(name: 'close', listener: () => void): unknown;
}

/** Calls when the response is over: sent, or its client gone. At once if it is so already. */
export function whenOver(response: Response, listener: () => void): void {
  // Nobody tells it a second time.
  if (response.destroyed) listener();
  else response.once('close', listener);
}

export class Places {
  readonly #max: number;
  readonly #what: string;
  #taken = 0;

  /** @param what there are too many of, for people */
  constructor(max: number, what: string) {
    this.#max = max;
    this.#what = what;
  }

  /** Takes one until the response is over. Throws Problem when there is none. */
  enter(response: Response): void {
    if (response.destroyed) throw new Problem(400, 'the connection was lost');
    if (this.#taken >= this.#max) {
      throw new Problem(503, `too many ${this.#what} at once; try again`);
    }
    this.#taken += 1;
    whenOver(response, () => {
      this.#taken -= 1;
    });
  }
}
