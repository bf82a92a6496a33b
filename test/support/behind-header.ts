/**
 * A TCP connection whose first octets go out in one piece with what is written first: a PROXY header
 * and the beginning of TLS, as they may well arrive.
 *
 * Never: an octet of its own.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';

class BehindHeader extends Duplex {
  readonly #socket: Socket;
  #header: Uint8Array | null;

  constructor(socket: Socket, header: Uint8Array) {
    super();
    this.#socket = socket;
    this.#header = header;
    socket.on('data', (piece: Buffer) => {
      if (!this.push(piece)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(piece: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const first = this.#header === null ? piece : Buffer.concat([this.#header, piece]);
    this.#header = null;
    this.#socket.write(first, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}

export async function connectBehind(header: Uint8Array, port: number): Promise<Duplex> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return new BehindHeader(socket, header);
}
