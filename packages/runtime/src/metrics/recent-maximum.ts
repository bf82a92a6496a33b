/**
 * The largest of the values of the last while, in a few plain numbers: the while is cut into slices, each with
 * its own largest, and a slice that begins anew forgets what it had.
 *
 * Never: a value kept for longer than the while; an allocation for a value.
 */

export class RecentMaximum {
  readonly #sliceMs: number;
  readonly #slices: Float64Array;
  #slice = 0;

  constructor(whileMs: number, slices: number) {
    this.#sliceMs = whileMs / slices;
    this.#slices = new Float64Array(slices);
  }

  add(value: number, nowMs: number): void {
    this.#forget(nowMs);
    const at = this.#slice % this.#slices.length;
    this.#slices[at] = Math.max(this.#slices[at] ?? 0, value);
  }

  /** 0 when nothing came. */
  at(nowMs: number): number {
    this.#forget(nowMs);
    let largest = 0;
    for (const value of this.#slices) largest = Math.max(largest, value);
    return largest;
  }

  /** Slices that began since are empty; after a long sleep that is all of them. */
  #forget(nowMs: number): void {
    const now = Math.floor(nowMs / this.#sliceMs);
    const { length } = this.#slices;
    for (let left = Math.min(now - this.#slice, length); left > 0; left -= 1) {
      this.#slices[(now - left + 1) % length] = 0;
    }
    this.#slice = now;
  }
}
