/**
 * One connection of a test client: raw octets and CRLF lines, in the clear or under TLS. It is strict
 * where a real client would only be confused, and it records everything, so that a failing test can
 * show the conversation.
 *
 * Never: repair what the server said; wait without a bound.
 */

import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';

export type TlsOptions = Pick<
  ConnectionOptions,
  'ALPNProtocols' | 'cert' | 'key' | 'maxVersion' | 'session'
>;

export interface WireOptions {
  readonly port: number;
  /** 127.0.0.1 by default. */
  readonly host?: string;
  /** The address of this end, such as 127.0.0.7: all of 127.0.0.0/8 is ours to use on Linux. */
  readonly from?: string;
  /** PEM text of the certificate that is trusted: TLS from the first octet. */
  readonly ca?: string;
  /** How long one line or piece may take to arrive; 10 s by default. */
  readonly patienceMs?: number;
  /** Other options of the TLS layer: for tests of that layer, and of client certificates. */
  readonly tls?: TlsOptions;
}

/** What the client was told is not what the protocol allows; the message ends with the record. */
class WireError extends Error {
  override readonly name = 'WireError';
}

const recordedOctetsMax = 400;

/** One character an octet, control characters made visible, long texts cut. */
export function visible(octets: string): string {
  const text = JSON.stringify(octets).slice(1, -1);
  if (text.length <= recordedOctetsMax) return text;
  return `${text.slice(0, recordedOctetsMax)}... (${octets.length} octets)`;
}

export class WireClient {
  /** The conversation so far, one entry a line or piece. */
  readonly seen: string[] = [];
  readonly #patienceMs: number;
  #socket: Socket | TLSSocket;
  #pending: Buffer[] = [];
  #ended: 'open' | 'end' | 'reset' = 'open';
  #wake: (() => void) | null = null;

  private constructor(socket: Socket | TLSSocket, patienceMs: number) {
    this.#socket = socket;
    this.#patienceMs = patienceMs;
    this.#listen();
  }

  static async connect(options: WireOptions): Promise<WireClient> {
    const { port, host = '127.0.0.1', ca, patienceMs = 10_000, tls = {} } = options;
    const end = options.from === undefined ? {} : { localAddress: options.from };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket =
      ca === undefined
        ? connectTcp({ port, host, noDelay: true, ...end }, resolve)
        : connectTls({ port, host, ca, servername: 'localhost', ...end, ...tls }, resolve);
    socket.once('error', reject);
    await promise;
    socket.off('error', reject);
    return new WireClient(socket, patienceMs);
  }

  /** The TLS layer, when there is one. */
  get tls(): TLSSocket | null {
    return 'getProtocol' in this.#socket ? this.#socket : null;
  }

  /** Of this end. */
  get localPort(): number | undefined {
    return this.#socket.localPort;
  }

  /** Octets that arrived and were not asked for yet. */
  get pendingOctets(): number {
    return this.#pending.reduce((sum, piece) => sum + piece.length, 0);
  }

  /** One character an octet; nothing is added. */
  write(octets: string): void {
    this.seen.push(`C: ${visible(octets)}`);
    this.#socket.write(Buffer.from(octets, 'latin1'));
  }

  /** The next line without its CRLF. Refuses a bare LF, a bare CR and NUL. */
  async line(octetsMax = 512): Promise<string> {
    const text = await this.#until(Buffer.from('\n'), octetsMax);
    this.seen.push(`S: ${visible(text)}`);
    const line = text.slice(0, -2);
    if (!text.endsWith('\r\n') || /[\r\n\0]/.test(line)) this.fail(`not a line: ${visible(text)}`);
    return line;
  }

  /** Exactly so many octets, whatever they are. */
  async octets(count: number): Promise<string> {
    while (this.pendingOctets < count) await this.#more(`${count} octets`);
    const octets = this.#take(count);
    this.seen.push(`S: (${count} octets) ${visible(octets.slice(0, 200))}`);
    return octets;
  }

  /** The lines of a multi-line reply with their CRLF, still stuffed, without the final dot. */
  async bodyUntilDot(octetsMax = 2 ** 30): Promise<string> {
    let body = await this.#until(Buffer.from('\n'), octetsMax);
    if (body !== '.\r\n') body += await this.#untilDotLine(body, octetsMax);
    this.seen.push(`S: (${body.length} octets) ${visible(body.slice(0, 200))}`);
    return body.slice(0, -3);
  }

  /** Resolves when the server has closed; anything it still says is an error. */
  async closed(): Promise<'end' | 'reset'> {
    while (this.#ended === 'open' && this.pendingOctets === 0) await this.#more('the close');
    if (this.pendingOctets > 0) {
      this.fail(`said before closing: ${visible(Buffer.concat(this.#pending).toString('latin1'))}`);
    }
    this.seen.push(`(server closed: ${this.#ended})`);
    return this.#ended === 'end' ? 'end' : 'reset';
  }

  /** Hands the connection to TLS; what is pending must have been read before. */
  async startTls(ca: string, options: TlsOptions = {}): Promise<void> {
    if (this.pendingOctets > 0) this.fail('octets in the clear behind the answer to STLS');
    const raw = this.#socket;
    raw.removeAllListeners();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const secured = connectTls({ socket: raw, ca, servername: 'localhost', ...options }, resolve);
    secured.once('error', reject);
    secured.once('close', () => reject(new WireError('closed during the TLS handshake')));
    await promise;
    secured.removeAllListeners('error');
    secured.removeAllListeners('close');
    this.#socket = secured;
    this.#listen();
    this.seen.push('(TLS)');
  }

  /** Says FIN and goes on reading. */
  half(): void {
    this.seen.push('(client half-closed)');
    this.#socket.end();
  }

  /** Gone, at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Throws with the record of the conversation. */
  fail(reason: string): never {
    throw new WireError(`${reason}\n${this.seen.slice(-40).join('\n')}`);
  }

  async #until(mark: Buffer, octetsMax: number): Promise<string> {
    let searched = 0;
    for (;;) {
      const all = this.#joined();
      const at = all.indexOf(mark, searched);
      if (at !== -1 && at + mark.length <= octetsMax) return this.#take(at + mark.length);
      if (at !== -1 || all.length > octetsMax) this.fail(`more than ${octetsMax} octets`);
      searched = Math.max(0, all.length - mark.length + 1);
      await this.#more('an end of line');
    }
  }

  async #untilDotLine(before: string, octetsMax: number): Promise<string> {
    if (this.#startsWithDotLine()) return this.#take(3);
    let rest = '';
    while (!rest.endsWith('\r\n.\r\n')) {
      if (rest === '' && (await this.#nextThree()) === '.\r\n') return this.#take(3);
      rest += await this.#until(Buffer.from('\r\n.\r\n'), octetsMax - before.length);
    }
    return rest;
  }

  #startsWithDotLine(): boolean {
    return this.#joined().subarray(0, 3).toString('latin1') === '.\r\n';
  }

  async #nextThree(): Promise<string> {
    while (this.pendingOctets < 3) await this.#more('the end of a multi-line reply');
    return this.#joined().subarray(0, 3).toString('latin1');
  }

  #joined(): Buffer {
    const [first, ...others] = this.#pending;
    if (first !== undefined && others.length === 0) return first;
    const all = Buffer.concat(this.#pending);
    this.#pending = [all];
    return all;
  }

  #take(octets: number): string {
    const all = this.#joined();
    this.#pending = [all.subarray(octets)];
    return all.toString('latin1', 0, octets);
  }

  async #more(wanted: string): Promise<void> {
    if (this.#ended !== 'open') {
      const left = visible(Buffer.concat(this.#pending).toString('latin1'));
      this.fail(`connection ended (${this.#ended}) instead of ${wanted}; pending: ${left}`);
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      resolve();
    }, this.#patienceMs);
    await promise;
    clearTimeout(timer);
    this.#wake = null;
    if (late) this.fail(`nothing came for ${this.#patienceMs} ms, waiting for ${wanted}`);
  }

  #listen(): void {
    const wake = (): void => this.#wake?.();
    this.#socket.on('data', (piece: Buffer) => {
      this.#pending.push(piece);
      wake();
    });
    this.#socket.on('end', () => {
      if (this.#ended === 'open') this.#ended = 'end';
      wake();
    });
    this.#socket.on('error', () => {
      this.#ended = 'reset';
      wake();
    });
    this.#socket.on('close', () => {
      if (this.#ended === 'open') this.#ended = 'reset';
      wake();
    });
  }
}
