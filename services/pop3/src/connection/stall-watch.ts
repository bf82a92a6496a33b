/**
 * Notices a client that takes nothing of what is sent to it. Only finished writes count, and a write
 * has at most 128 KiB, so a client must take at least that much in the time it is given: slow lines
 * do, readers of a byte a second do not.
 */

export class StallWatch {
  #sinceMs = 0;
  #takenOctets = 0;

  /**
   * @param taken octets the client has taken since the connection began
   * @param pending octets it has still to take
   * @returns for how long it has taken none of what is pending; 0 when nothing is
   */
  stalledMs(nowMs: number, taken: number, pending: number): number {
    if (pending === 0 || taken !== this.#takenOctets || this.#sinceMs === 0) {
      this.#takenOctets = taken;
      this.#sinceMs = pending === 0 ? 0 : nowMs;
      return 0;
    }
    return nowMs - this.#sinceMs;
  }
}
