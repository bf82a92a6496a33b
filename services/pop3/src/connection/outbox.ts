/**
 * What goes to one client's socket: how much may wait in it, who waits for room, and whether the
 * client takes it (client-pace.ts).
 *
 * Most writes are over when they return: the kernel has taken all. A TLS socket tells later, by a
 * callback, and only when the last of several writes is over is nothing kept any more.
 *
 * Never: more than one waiter; a promise left open when the socket has closed.
 */

import type { Socket } from 'node:net';
import { socketPendingOctetsMax } from '../limits.ts';
import { ClientPace } from './client-pace.ts';

export class Outbox {
  /** Octets given to the socket since the connection began. */
  octets = 0;
  readonly pace = new ClientPace();
  #socket: Socket;
  #closed = false;
  #waiter: ((alive: boolean) => void) | null = null;
  /** Called by a socket that tells when it has written; and writes that it has not told of. */
  #told: ((error?: Error | null) => void) | null = null;
  #untold = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /**
   * TLS is up: the same client behind another socket.
   *
   * @param written hears that nothing that was sent is kept any more
   */
  moveTo(socket: Socket, written: () => void): void {
    this.#socket = socket;
    this.#told = (error) => {
      this.#untold -= 1;
      // A socket that has failed may still look at what it had.
      if (this.#untold === 0 && (error === undefined || error === null)) written();
    };
  }

  /** The socket is gone: nothing will be sent any more. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Where it goes. */
  get socket(): Socket {
    return this.#socket;
  }

  get isEmpty(): boolean {
    return this.#socket.writableLength === 0;
  }

  /** Something is on its way, as far as is known: here, or seen in the kernel. */
  get isBusy(): boolean {
    return !this.isEmpty || this.pace.kernelHolds;
  }

  get hasRoom(): boolean {
    return !this.#closed && this.#socket.writableLength <= socketPendingOctetsMax;
  }

  /** Writes all chunks at once. Answers whether they are written, or will be, or wait for the client. */
  send(chunks: readonly Uint8Array[]): 'written' | 'later' | 'waits' {
    const last = chunks.length - 1;
    const told = this.#told;
    if (last > 0) this.#socket.cork();
    let left = chunks.length;
    for (const chunk of chunks) {
      left -= 1;
      this.octets += chunk.length;
      if (told !== null && left === 0) {
        this.#untold += 1;
        this.#socket.write(chunk, told);
      } else this.#socket.write(chunk);
    }
    if (last > 0) this.#socket.uncork();
    if (told !== null) return 'later';
    return this.isEmpty ? 'written' : 'waits';
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

  /** Looks at the client's pace; true when it is too slow. To be called with every sweep. */
  isTooSlow(nowMs: number, windowMs: number): boolean {
    const pending = this.#socket.writableLength;
    return this.pace.isTooSlow(nowMs, windowMs, {
      octets: pending,
      finished: this.octets - pending,
    });
  }
}
