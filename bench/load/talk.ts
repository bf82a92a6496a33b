/**
 * One connection of the load generator, in the clear or under TLS. Every reply is compared with what is
 * due (`reply-reader.ts`); what is wrong ends the run.
 *
 * All connections of a process read into the same memory: a piece is looked at before the next one
 * comes.
 *
 * Never: an address outside the loopback range; a wait without a bound.
 */

import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { patienceMs, patienceSweepMs, readBufferOctets, sourceAddressesMax } from './limits.ts';
import { type Expected, LoadFault, type Reply, ReplyReader } from './reply-reader.ts';

/** What all connections of a process have counted. */
export const traffic = { octets: 0, connections: 0, tls: '' };

const readBuffer = Buffer.allocUnsafe(readBufferOctets);
const open = new Set<Talk>();
let connected = 0;

export interface TalkOptions {
  readonly port: number;
  readonly tls: boolean;
  /** Which /16 of 127.0.0.0/8 this process connects from. */
  readonly source: number;
}

/** Servers that choose for themselves choose differently, and then their costs are not of the same thing. */
const agreed = { ecdhCurve: 'X25519', ciphers: 'TLS_AES_128_GCM_SHA256' };

function nextSource(source: number): string {
  connected += 1;
  return `127.${16 + source}.0.${1 + (connected % sourceAddressesMax)}`;
}

export class Talk {
  /** The replies to what was asked last. */
  replies: Reply[] = [];
  readonly #reader: ReplyReader;
  readonly #socket: Socket | TLSSocket;
  #waiting: PromiseWithResolvers<void> | null = null;
  #sinceMs = 0;
  #fault: unknown = null;
  #isOver = false;
  /** By the server, with nothing due. */
  #isClosed = false;

  private constructor(options: TalkOptions) {
    this.#reader = new ReplyReader((reply) => {
      this.replies.push(reply);
      if (this.#reader.outstanding === 0) this.#settle();
    });
    const onread = {
      buffer: readBuffer,
      callback: (octets: number, bytes: Uint8Array): boolean => {
        this.#read(Buffer.from(bytes.buffer, bytes.byteOffset, octets));
        return true;
      },
    };
    const localAddress = nextSource(options.source);
    const where = { host: '127.0.0.1', port: options.port, localAddress };
    // The server's time is what is measured: the certificate is its own and is not looked at.
    this.#socket = options.tls
      ? connectTls({ ...where, ...agreed, rejectUnauthorized: false })
      : connectTcp({ ...where, noDelay: true, onread });
    if (options.tls) {
      this.#socket.setNoDelay(true);
      this.#socket.on('data', (bytes: Buffer) => this.#read(bytes));
      this.#socket.once('secureConnect', () => noteTls(this.#socket));
    }
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#over());
    this.#socket.on('end', () => this.#over());
    open.add(this);
    traffic.connections += 1;
  }

  /** Connected, with the greeting read. */
  static async connect(options: TalkOptions, greeting: Expected): Promise<Talk> {
    const talk = new Talk(options);
    await talk.ask('', [greeting]);
    return talk;
  }

  /** Resolves when all that is due has come; rejects at the first thing that is wrong. */
  ask(text: string | Buffer, expected: readonly Expected[]): Promise<void> {
    if (this.#waiting !== null) throw new LoadFault('asked while an answer was due');
    const waiting = Promise.withResolvers<void>();
    this.replies = [];
    if (this.#fault !== null) {
      waiting.reject(this.#fault);
      return waiting.promise;
    }
    this.#waiting = waiting;
    for (const one of expected) this.#reader.expect(one);
    this.#sinceMs = performance.now();
    if (text.length > 0) this.#socket.write(text);
    return waiting.promise;
  }

  /** Resolves when the server has closed, as it does behind QUIT. */
  async closed(): Promise<void> {
    if (this.#isClosed) return;
    if (this.#fault !== null) throw this.#fault;
    if (this.#waiting !== null) throw new LoadFault('waited for the end with an answer due');
    this.#waiting = Promise.withResolvers<void>();
    this.#sinceMs = performance.now();
    await this.#waiting.promise;
  }

  destroy(): void {
    this.#isOver = true;
    open.delete(this);
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    traffic.octets += bytes.length;
    try {
      this.#reader.push(bytes);
    } catch (error) {
      this.#fail(error);
    }
  }

  #settle(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    open.delete(this);
    try {
      this.#reader.end();
    } catch (error) {
      this.#fail(error);
    }
    // The server's FIN is answered with ours.
    this.#socket.destroySoon();
    if (this.#fault !== null) return;
    this.#fault = new LoadFault('the server has closed');
    this.#isClosed = true;
    this.#settle();
  }

  #fail(error: unknown): void {
    this.#fault ??= error;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(this.#fault);
    this.destroy();
  }

  /** Gives up what has waited too long. */
  look(): void {
    if (this.#waiting === null || performance.now() - this.#sinceMs < patienceMs) return;
    this.#fail(new LoadFault(`nothing came for ${patienceMs} ms`));
  }
}

// One timer for all connections.
setInterval(() => {
  for (const talk of open) talk.look();
}, patienceSweepMs).unref();

function noteTls(socket: Socket | TLSSocket): void {
  if (traffic.tls !== '' || !('getCipher' in socket)) return;
  const key = socket.getEphemeralKeyInfo();
  const group = key !== null && 'name' in key ? ` ${String(key.name)}` : '';
  traffic.tls = `${socket.getProtocol() ?? 'TLS'} ${socket.getCipher().name}${group}`;
}
