/**
 * Chance that is the same on every run: two servers are to be given the same load.
 *
 * Rules: the xorshift generator of G. Marsaglia (Journal of Statistical Software 8, 2003), 32 bits wide.
 */

export class Chance {
  #state: number;

  constructor(seed: number) {
    // Neighbouring seeds must not begin alike.
    this.#state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  }

  /** From 0 to below 1. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) / 2 ** 32;
  }

  /** The time to the next of many arrivals that do not know of each other. */
  exponential(mean: number): number {
    return -Math.log(1 - this.next()) * mean;
  }
}
