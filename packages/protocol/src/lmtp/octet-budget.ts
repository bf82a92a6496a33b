/**
 * How much memory the messages now being received may take together. One budget is shared by all
 * sessions of a worker, so that many large messages at once are refused with a reply instead of
 * ending the process.
 *
 * Never: wait; know who took what. Whoever takes octets gives back exactly as many.
 */

export class OctetBudget {
  readonly octetsMax: number;
  #taken = 0;

  constructor(octetsMax: number) {
    this.octetsMax = octetsMax;
  }

  /** Octets in use now, for a metric. */
  get taken(): number {
    return this.#taken;
  }

  /** True when the octets are the caller's; false, and nothing taken, when they would not fit. */
  take(octets: number): boolean {
    if (this.#taken + octets > this.octetsMax) return false;
    this.#taken += octets;
    return true;
  }

  give(octets: number): void {
    this.#taken -= octets;
  }
}
