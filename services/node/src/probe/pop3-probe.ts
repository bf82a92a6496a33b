/**
 * Does what a client of mail does: connects, starts TLS, logs in, asks how many messages there are, reads the
 * header of the first, leaves. Whatever stands between a user and his mail stands in its way as well: listener,
 * certificate, password check, lock, database.
 *
 * Never: a message marked; the password in an outcome; a wait without a bound.
 */

import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, getCACertificates } from 'node:tls';
import { probeTimeoutMs } from './limits.ts';
import { ReplyReader } from './reply-reader.ts';

export interface ProbeTarget {
  readonly host: string;
  readonly port: number;
  readonly tls: 'none' | 'stls' | 'implicit';
  /** PEM of what is trusted besides the well-known authorities. */
  readonly ca: string | null;
  /** Asked for by SNI. Whether the certificate is of this name is not looked at: users may know others. */
  readonly servername: string;
}

export interface ProbeLogin {
  readonly address: string;
  readonly password: Uint8Array;
}

export type ProbeOutcome =
  /** `note`: why the maildrop was not opened although the login is good. */
  | { readonly kind: 'ok'; readonly ms: number; readonly note: string | null }
  | {
      readonly kind: 'failed';
      readonly ms: number;
      readonly step: string;
      readonly reason: string;
    };

/** What a server says to a good login whose maildrop somebody else has, or had a moment ago (RFC 2449 §8). */
const passing = /^-ERR \[(IN-USE|LOGIN-DELAY)\]/i;

/** Never rejects. */
export async function probePop3(target: ProbeTarget, login: ProbeLogin): Promise<ProbeOutcome> {
  const begunMs = performance.now();
  const took = () => Math.round(performance.now() - begunMs);
  const ending = AbortSignal.timeout(probeTimeoutMs);
  const walk = new Walk(ending);
  try {
    const note = await walk.all(target, login);
    return { kind: 'ok', ms: took(), note };
  } catch (error) {
    const reason = ending.aborted ? `no answer in ${probeTimeoutMs / 1_000} s` : reasonOf(error);
    return { kind: 'failed', ms: took(), step: walk.step, reason };
  } finally {
    walk.end();
  }
}

class Refused extends Error {}

class Walk {
  step = 'connect';
  readonly #ending: AbortSignal;
  #socket: Socket | null = null;

  constructor(ending: AbortSignal) {
    this.#ending = ending;
  }

  end(): void {
    this.#socket?.destroy();
  }

  async all(target: ProbeTarget, { address, password }: ProbeLogin): Promise<string | null> {
    const { host, port, tls } = target;
    let reader =
      tls === 'implicit'
        ? await this.#secure(target, null)
        : await this.#open(connectTcp({ host, port }), 'connect');
    this.step = 'greeting';
    await this.#expect(reader);
    if (tls === 'stls') {
      await this.#say(reader, 'STLS');
      reader.release();
      reader = await this.#secure(target, this.#socket);
    }
    await this.#say(reader, 'USER', Buffer.from(address));
    this.step = 'PASS';
    this.#write('PASS', password);
    const answer = await reader.line();
    const [, code = null] = passing.exec(answer) ?? [];
    if (code !== null) return code.toUpperCase();
    refuse(answer);
    const stat = await this.#say(reader, 'STAT');
    if (!/^\+OK 0\b/.test(stat)) {
      await this.#say(reader, 'TOP', Buffer.from('1 0'));
      await reader.content();
    }
    await this.#say(reader, 'QUIT');
    return null;
  }

  async #secure(target: ProbeTarget, below: Socket | null): Promise<ReplyReader> {
    this.step = 'TLS';
    const { host, port, ca, servername } = target;
    const socket = connectTls({
      ...(below === null ? { host, port } : { socket: below }),
      servername: isIP(servername) === 0 ? servername : '',
      checkServerIdentity: () => undefined,
      allowPartialTrustChain: true,
      ca: [...getCACertificates('default'), ...(ca === null ? [] : [ca])],
    });
    return this.#open(socket, 'secureConnect');
  }

  async #open(socket: Socket, event: string): Promise<ReplyReader> {
    this.#socket = socket;
    const reader = new ReplyReader(socket, this.#ending);
    await reader.once(event);
    return reader;
  }

  async #say(reader: ReplyReader, verb: string, argument?: Uint8Array): Promise<string> {
    this.step = verb;
    this.#write(verb, argument);
    return this.#expect(reader);
  }

  async #expect(reader: ReplyReader): Promise<string> {
    const answer = await reader.line();
    refuse(answer);
    return answer;
  }

  #write(verb: string, argument: Uint8Array = new Uint8Array()): void {
    const space = argument.length === 0 ? '' : ' ';
    this.#socket?.write(Buffer.concat([Buffer.from(verb + space), argument, Buffer.from('\r\n')]));
  }
}

function refuse(answer: string): void {
  if (!answer.startsWith('+OK')) throw new Refused(answer);
}

function reasonOf(error: unknown): string {
  if (error instanceof Refused) return error.message;
  if (!(error instanceof Error)) return 'unknown error';
  return 'code' in error ? String(error.code) : error.message;
}
