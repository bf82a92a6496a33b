/**
 * Places for requests of which there may be so many at once, and the end of a response, which may be over
 * before anybody asks: a client can be gone while its token is looked up.
 *
 * Never: a place that stays taken when its request is over.
 */

import { Busy, Problem } from './problem.ts';

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

export interface PlacesBound {
  readonly max: number;
  /** For tokens of one domain together; others have no bound of their own. */
  readonly perDomainMax: number;
  /** What there are too many of, for people. */
  readonly what: string;
}

export class Places {
  readonly #bound: PlacesBound;
  readonly #byDomain = new Map<string, number>();
  #taken = 0;

  constructor(bound: PlacesBound) {
    this.#bound = bound;
  }

  /**
   * Takes one until the response is over. Throws Problem when there is none.
   *
   * @param domain of the token; null for one of all domains
   */
  enter(response: Response, domain: string | null): void {
    if (response.destroyed)
      throw new Problem(400, 'the connection was lost', { code: 'connection-lost' });
    const { max, perDomainMax, what } = this.#bound;
    const ofDomain = domain === null ? 0 : (this.#byDomain.get(domain) ?? 0);
    if (ofDomain >= perDomainMax) {
      throw new Busy(
        429,
        `the tokens of ${domain} have ${perDomainMax} ${what} at once; try again`,
        { code: 'domain-busy' },
      );
    }
    if (this.#taken >= max) throw new Busy(503, `too many ${what} at once; try again`);
    this.#taken += 1;
    if (domain !== null) this.#byDomain.set(domain, ofDomain + 1);
    whenOver(response, () => this.#leave(domain));
  }

  #leave(domain: string | null): void {
    this.#taken -= 1;
    if (domain === null) return;
    const left = (this.#byDomain.get(domain) ?? 1) - 1;
    if (left === 0) this.#byDomain.delete(domain);
    else this.#byDomain.set(domain, left);
  }
}
