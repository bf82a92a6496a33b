/**
 * Whether a client takes what is sent to it fast enough to be worth waiting for.
 *
 * Theory of operation. While something is pending, time runs in windows. A window ends well when the
 * client has taken `octetsPerSecondMin` on average over its whole length, and the next one begins;
 * when its time is over before that, the client is too slow. So a client that takes nothing is cut
 * off after one window, and one that keeps above the minimum is waited for as long as it takes.
 *
 * Octets count as taken when a write of ours is finished, and when the kernel's queue has become
 * shorter between two looks at it (kernel-queue.ts). An octet can count twice, first when the kernel
 * takes it and then when the client does, so the measured rate is one to two times the real one,
 * never less. Where the queue cannot be looked at, finished writes alone count.
 *
 * A window must be long: both kernels pass on what they hold in steps, and a step must fit in it at
 * the smallest rate that is to be served (decision 12). A host that has gone away must not have that
 * much time, so what the kernel repeats without any answer has a shorter bound.
 *
 * Never: a clock of its own.
 */

import { octetsPerSecondMin, unansweredMs } from '../limits.ts';
import type { KernelQueue } from './kernel-queue.ts';

/** What is on its way to the client at a moment. */
export interface Pending {
  /** Octets in our memory. */
  readonly octets: number;
  /** Octets of all finished writes. */
  readonly finished: number;
}

export class ClientPace {
  /** When the window began; null while nothing is pending. */
  #windowFromMs: number | null = null;
  #windowOctets = 0;
  #finished = 0;
  #finishedAtMs = 0;
  /** Octets in the kernel at the last look; null when they are not known. */
  #kernelOctets: number | null = null;
  #unansweredFromMs: number | null = null;
  /** When it was last seen to take something. */
  #tookAtMs = 0;

  /** True when the kernel was seen to hold something for the client. */
  get kernelHolds(): boolean {
    return (this.#kernelOctets ?? 0) > 0;
  }

  /** How long no write of ours has finished while something is pending. */
  waitingMs(nowMs: number): number {
    return this.#windowFromMs === null ? 0 : nowMs - this.#finishedAtMs;
  }

  /** How long nothing has been taken while something is pending, as far as is known. */
  stalledMs(nowMs: number): number {
    return this.#windowFromMs === null ? 0 : nowMs - this.#tookAtMs;
  }

  /** How long the kernel has repeated itself and heard nothing, from one look at it to the next. */
  unansweredForMs(nowMs: number): number {
    return this.#unansweredFromMs === null ? 0 : nowMs - this.#unansweredFromMs;
  }

  /** True when the client is too slow for windows of this length. To be called with every sweep. */
  isTooSlow(nowMs: number, windowMs: number, pending: Pending): boolean {
    const moved = pending.finished - this.#finished;
    this.#finished = pending.finished;
    if (pending.octets === 0 && (moved > 0 || !this.kernelHolds)) {
      this.#forget();
      return false;
    }
    if (moved > 0 || this.#windowFromMs === null) this.#tookAtMs = nowMs;
    if (this.#windowFromMs === null) this.#begin(nowMs);
    else this.#windowOctets += moved;
    if (moved > 0 || this.#finishedAtMs === 0) this.#finishedAtMs = nowMs;
    // The kernel had room again, so its peer has answered, whatever the looks fell upon.
    if (moved > 0) this.#unansweredFromMs = null;
    if (this.#windowOctets * 1_000 >= octetsPerSecondMin * windowMs) this.#begin(nowMs);
    const silentMs = nowMs - (this.#unansweredFromMs ?? nowMs);
    const windowFromMs = this.#windowFromMs ?? nowMs;
    return nowMs - windowFromMs > windowMs || silentMs > Math.min(unansweredMs, windowMs);
  }

  /** What a look at the kernel's queue has shown. */
  looked(nowMs: number, queue: KernelQueue): void {
    const before = this.#kernelOctets ?? queue.octets;
    if (queue.octets < before) {
      this.#windowOctets += before - queue.octets;
      this.#tookAtMs = nowMs;
    }
    this.#kernelOctets = queue.octets;
    if (!queue.isUnanswered || queue.octets !== before) this.#unansweredFromMs = null;
    else this.#unansweredFromMs ??= nowMs;
  }

  #begin(nowMs: number): void {
    this.#windowFromMs = nowMs;
    this.#windowOctets = 0;
  }

  #forget(): void {
    this.#windowFromMs = null;
    this.#windowOctets = 0;
    this.#finishedAtMs = 0;
    this.#kernelOctets = null;
    this.#unansweredFromMs = null;
  }
}
