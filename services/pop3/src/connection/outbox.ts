/**
 * What goes to one client's socket: how much may wait in it, who waits for room, and whether the
 * client takes any of it.
 *
 * Never: more than one waiter; a promise left open when the socket has closed.
 */

import type { Socket } from 'node:net';
import { socketPendingOctetsMax } from '../limits.ts';

export class Outbox {
  /** Octets given to the socket since the connection began. */
  octets = 0;
  #socket: Socket;
  #closed = false;
  #waiter: ((alive: boolean) => void) | null = null;
  #stallSinceMs = 0;
  #takenOctets = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** TLS is up: the same client behind another socket. */
  moveTo(socket: Socket): void {
    this.#socket = socket;
  }

  /** The socket is gone: nothing will be sent any more. */
  get isClosed(): boolean {
    return this.#closed;
  }

  get isEmpty(): boolean {
    return this.#socket.writableLength === 0;
  }

  get hasRoom(): boolean {
    return !this.#closed && this.#socket.writableLength <= socketPendingOctetsMax;
  }

  /** Writes all chunks at once. */
  send(chunks: readonly Uint8Array[]): void {
    if (chunks.length > 1) this.#socket.cork();
    for (const chunk of chunks) {
      this.octets += chunk.length;
      this.#socket.write(chunk);
    }
    if (chunks.length > 1) this.#socket.uncork();
  }

  /** Resolves when there is room: true, or false when the socket has closed. */
  room(): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    if (this.hasRoom) return Promise.resolve(true);
    return new Promise((resolve) => {
      this.#waiter = resolve;
    });
  }

  drained(): void {
    const waiter = this.#waiter;
    this.#waiter = null;
    waiter?.(true);
  }

  closed(): void {
    this.#closed = true;
    const waiter = this.#waiter;
    this.#waiter = null;
    waiter?.(false);
  }

  /**
   * For how long the client has taken nothing of what is pending; 0 when nothing is. Only finished
   * writes count, and a write has at most 128 KiB: slow lines take that in a minute, a reader of a
   * byte a second does not.
   */
  stalledMs(nowMs: number): number {
    const pending = this.#socket.writableLength;
    const taken = this.octets - pending;
    if (pending === 0 || taken !== this.#takenOctets || this.#stallSinceMs === 0) {
      this.#takenOctets = taken;
      this.#stallSinceMs = pending === 0 ? 0 : nowMs;
      return 0;
    }
    return nowMs - this.#stallSinceMs;
  }
}
