/**
 * Reads what a POP3 server says, a line or a multi-line body at a time.
 *
 * Never: more in memory than its bound; a wait that outlives the signal.
 */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { probeAnswerOctetsMax } from './limits.ts';

export class ReplyReader {
  readonly #socket: Socket;
  readonly #ending: AbortSignal;
  #octets: Buffer = Buffer.alloc(0);
  #isOver = false;
  #arrived: () => void = () => {};
  #failure: Error | null = null;

  constructor(socket: Socket, ending: AbortSignal) {
    this.#socket = socket;
    this.#ending = ending;
    const wake = () => this.#arrived();
    ending.addEventListener('abort', wake, { once: true });
    socket.on('error', (error) => {
      this.#failure = error;
      wake();
    });
    socket.on('close', () => {
      this.#isOver = true;
      wake();
    });
  }

  /** Waits for the event with which the connection is there, and begins to read. */
  async once(event: string): Promise<void> {
    await once(this.#socket, event, { signal: this.#ending });
    this.#socket.on('data', (octets: Buffer) => {
      this.#octets = Buffer.concat([this.#octets, octets]);
      this.#arrived();
    });
  }

  /** Another one reads from here on. */
  release(): void {
    this.#socket.removeAllListeners('data');
  }

  /** Without its line end, and without what could steer a terminal. */
  async line(): Promise<string> {
    const text = (await this.#until(Buffer.from('\r\n'))).toString('latin1');
    return text.replace(/[^ -~]/g, '?').slice(0, 512);
  }

  /** The rest of a multi-line answer, which is thrown away. */
  async content(): Promise<void> {
    if ((await this.line()) === '.') return;
    await this.#until(Buffer.from('\r\n.\r\n'));
  }

  async #until(end: Buffer): Promise<Buffer> {
    for (;;) {
      const at = this.#octets.indexOf(end);
      if (at >= 0) {
        const found = this.#octets.subarray(0, at);
        this.#octets = this.#octets.subarray(at + end.length);
        return found;
      }
      this.#ending.throwIfAborted();
      if (this.#failure !== null) throw this.#failure;
      if (this.#isOver) throw new Error('the connection was closed');
      if (this.#octets.length > probeAnswerOctetsMax) throw new Error('an answer without an end');
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }
}
