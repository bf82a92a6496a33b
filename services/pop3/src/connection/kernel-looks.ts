/**
 * When the kernel's queues are looked at, and whose: one look for all clients that seem slow, every
 * so often, and none while there are no such clients.
 *
 * Never: two looks at the same time; a look for a client that takes what is sent to it.
 */

import type { Socket } from 'node:net';
import { kernelLookIntervalMs } from '../limits.ts';
import { kernelQueues } from './kernel-queue.ts';
import type { Outbox } from './outbox.ts';

interface Deadlines {
  readonly writeStallMs: number;
  readonly idleTimeoutMs: number;
}

export class KernelLooks {
  #intervalMs = 0;
  #idleTimeoutMs = 0;
  #slow = new Map<Socket, Outbox>();
  #againAtMs = 0;

  constructor(deadlines: Deadlines) {
    this.obey(deadlines);
  }

  obey({ writeStallMs, idleTimeoutMs }: Deadlines): void {
    // Several looks in the time that a slow client has, however short it is set.
    this.#intervalMs = Math.min(kernelLookIntervalMs, writeStallMs / 4);
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  /**
   * Puts a client on the list for the next look if it seems slow, or if it has said nothing for
   * nearly too long but may still have to read what the kernel holds.
   */
  consider(outbox: Outbox, nowMs: number, idleSinceMs: number): void {
    const isSlow = outbox.pace.waitingMs(nowMs) >= this.#intervalMs;
    const idleLeftMs = idleSinceMs + this.#idleTimeoutMs - nowMs;
    if (isSlow || idleLeftMs < 2 * this.#intervalMs) this.#slow.set(outbox.socket, outbox);
  }

  /** Puts a client on the list because somebody waits for what it has. */
  want(outbox: Outbox): void {
    this.#slow.set(outbox.socket, outbox);
  }

  /** Looks if it is time for it. `nowMs` is asked again when the look is over. */
  async look(nowMs: () => number): Promise<void> {
    const slow = this.#slow;
    this.#slow = new Map();
    if (slow.size === 0 || nowMs() < this.#againAtMs) return;
    this.#againAtMs = Number.POSITIVE_INFINITY;
    const queues = await kernelQueues(slow.keys());
    const lookedAtMs = nowMs();
    for (const [socket, queue] of queues) slow.get(socket)?.pace.looked(lookedAtMs, queue);
    this.#againAtMs = lookedAtMs + this.#intervalMs;
  }
}
