/**
 * A client without manners: it sends any octets in any pieces, stops reading, resets, and never
 * answers for it. What arrives is counted and hashed, and kept only as far as a test wants to look.
 *
 * Never: a wait without a bound; more kept than `keptOctetsMax`.
 */

import { createHash } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';

export interface RawOptions {
  readonly port: number;
  /** TLS from the first octet, the server's certificate unchecked, with what else a test asks. */
  readonly tls?: ConnectionOptions;
  /** Of the client's side, such as 127.0.0.2. */
  readonly localAddress?: string;
}

const keptOctetsMax = 4 * 1024 * 1024;
const patienceMs = 10_000;

export class RawClient {
  /** All octets that came. */
  octets = 0;
  readonly hash = createHash('sha256');
  readonly #openedAtMs = performance.now();
  #socket: Socket | TLSSocket;
  #kept: Buffer[] = [];
  #keptOctets = 0;
  #tail = Buffer.alloc(0);
  #ended: { how: 'end' | 'reset'; afterMs: number } | null = null;
  #wakes = new Set<() => void>();

  private constructor(socket: Socket | TLSSocket) {
    this.#socket = socket;
    this.#listen();
  }

  /** Resolves when TCP, and TLS if asked for, stands. */
  static async connect({ port, tls, localAddress }: RawOptions): Promise<RawClient> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const host = '127.0.0.1';
    const from = localAddress === undefined ? {} : { localAddress };
    const socket =
      tls === undefined
        ? connectTcp({ port, host, noDelay: true, ...from }, resolve)
        : connectTls({ port, host, rejectUnauthorized: false, ...from, ...tls }, resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed before it was connected')));
    await promise;
    socket.removeAllListeners('error');
    socket.removeAllListeners('close');
    return new RawClient(socket);
  }

  /** The beginning of what came, one character an octet. */
  get text(): string {
    return Buffer.concat(this.#kept).toString('latin1');
  }

  /** The last five octets that came. */
  get tail(): string {
    return this.#tail.toString('latin1');
  }

  get socket(): Socket | TLSSocket {
    return this.#socket;
  }

  /** Milliseconds from its beginning to its end; null while it is open. */
  get endedAfterMs(): number | null {
    return this.#ended?.afterMs ?? null;
  }

  /** True when the kernel took it at once. */
  write(octets: string | Uint8Array): boolean {
    const bytes = typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets;
    return this.#socket.write(bytes);
  }

  /** Resolves when what was written is gone, or the connection is. */
  async drained(): Promise<void> {
    await this.until(() => this.#socket.writableLength === 0);
  }

  stopReading(): void {
    this.#socket.pause();
  }

  goOn(): void {
    this.#socket.resume();
  }

  /** TCP RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** TCP FIN; it goes on reading. */
  half(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Waits for a state of this client; looks again at every event. Throws when time is up. */
  async until(reached: () => boolean, withinMs: number = patienceMs): Promise<void> {
    const endAtMs = performance.now() + withinMs;
    while (!reached()) {
      const leftMs = endAtMs - performance.now();
      if (leftMs <= 0) throw new Error(`not within ${withinMs} ms; came: ${this.#summary()}`);
      if (this.#ended !== null) throw new Error(`ended (${this.#ended.how}): ${this.#summary()}`);
      await this.#event(leftMs);
    }
  }

  /** Waits until this text has come. */
  says(text: string, withinMs?: number): Promise<void> {
    return this.until(() => this.text.includes(text), withinMs);
  }

  async closed(withinMs: number = patienceMs): Promise<'end' | 'reset'> {
    const endAtMs = performance.now() + withinMs;
    while (this.#ended === null) {
      const leftMs = endAtMs - performance.now();
      if (leftMs <= 0) throw new Error(`not closed within ${withinMs} ms: ${this.#summary()}`);
      await this.#event(leftMs);
    }
    this.#socket.destroy();
    return this.#ended.how;
  }

  /** Tries a handshake on what is a cleartext connection now; false when the server refuses. */
  startTls(options: ConnectionOptions = {}): Promise<boolean> {
    const raw = this.#socket;
    raw.removeAllListeners();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const secured = connectTls({ socket: raw, rejectUnauthorized: false, ...options }, () => {
      this.#socket = secured;
      this.#listen();
      resolve(true);
    });
    secured.once('error', () => resolve(false));
    secured.once('close', () => resolve(false));
    return promise;
  }

  #summary(): string {
    return `${this.octets} octets, ${JSON.stringify(this.text.slice(0, 300))}`;
  }

  async #event(withinMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wakes.add(resolve);
    const timer = setTimeout(resolve, withinMs);
    await promise;
    clearTimeout(timer);
    this.#wakes.delete(resolve);
  }

  #wake(): void {
    for (const wake of this.#wakes) wake();
  }

  #end(how: 'end' | 'reset'): void {
    this.#ended ??= { how, afterMs: performance.now() - this.#openedAtMs };
    this.#wake();
  }

  #listen(): void {
    this.#socket.on('data', (piece: Buffer) => {
      this.octets += piece.length;
      this.hash.update(piece);
      this.#tail = Buffer.concat([this.#tail, piece.subarray(-5)]).subarray(-5);
      if (this.#keptOctets < keptOctetsMax) {
        this.#kept.push(piece);
        this.#keptOctets += piece.length;
      }
      this.#wake();
    });
    this.#socket.on('drain', () => this.#wake());
    this.#socket.on('end', () => this.#end('end'));
    this.#socket.on('error', () => this.#end('reset'));
    this.#socket.on('close', () => this.#end('reset'));
  }
}
