/**
 * A connection from a load balancer before it is a client's: whether its peer is one we trust, and
 * the PROXY header that must come first. Behind the header the socket is as if the client had just
 * connected to us; what came with the header is put back into it, for TLS or the session to read.
 *
 * Never: a word to a peer without a valid header; an octet of the header seen by anybody else, or one
 * behind it lost; a guess that there might be no header (proxy-protocol.txt §5).
 */

import { Networks } from '@poplar/identity';
import { type ProxyHeader, ProxyHeaderReader } from '@poplar/protocol';
import type { FrontEnd } from '../front-end.ts';
import { proxyHeaderTimeoutMs, proxyWaitingMax } from '../limits.ts';
import { Connection } from './connection.ts';
import type { StartReason } from './end-reason.ts';
import { type Arrival, directOrigin, proxiedOrigin } from './origin.ts';
import { newSessionId } from './session-id.ts';
import { adopt, leave, type SocketOwner } from './socket-events.ts';

/** All connections of this worker whose header has not come yet. */
export class ProxyArrivals {
  readonly #frontEnd: FrontEnd;
  readonly #trusted: Networks;
  readonly #waiting = new Set<ProxyStart>();

  constructor(frontEnd: FrontEnd, trusted: readonly string[]) {
    this.#frontEnd = frontEnd;
    this.#trusted = new Networks(trusted);
  }

  accept(arrival: Arrival): void {
    const refusal = this.#refusalOf(arrival.socket.remoteAddress);
    if (refusal !== null) {
      this.#frontEnd.refused(arrival.listener, refusal);
      arrival.socket.destroy();
      return;
    }
    const start = new ProxyStart(this.#frontEnd, arrival, () => this.#waiting.delete(start));
    this.#waiting.add(start);
    start.begin();
  }

  /** Looks at the deadlines; called about once a second. */
  sweep(): void {
    const nowMs = this.#frontEnd.nowMs();
    for (const start of this.#waiting) {
      if (nowMs - start.acceptedAtMs > proxyHeaderTimeoutMs) start.refuse('proxy-timeout');
    }
  }

  /** The worker ends: whoever has not said yet who it is, is nobody. */
  end(): void {
    for (const start of this.#waiting) start.refuse('shutdown');
  }

  #refusalOf(peer: string | undefined): StartReason | null {
    if (peer === undefined) return 'client-reset';
    if (!this.#trusted.has(peer)) return 'proxy-untrusted';
    return this.#waiting.size < proxyWaitingMax ? null : 'full';
  }
}

class ProxyStart implements SocketOwner {
  readonly acceptedAtMs: number;
  readonly #frontEnd: FrontEnd;
  readonly #arrival: Arrival;
  readonly #gone: () => void;
  readonly #reader = new ProxyHeaderReader();
  #begun = false;
  #isOver = false;

  /** @param gone called once, when this has become a client's connection or none */
  constructor(frontEnd: FrontEnd, arrival: Arrival, gone: () => void) {
    this.#frontEnd = frontEnd;
    this.#arrival = arrival;
    this.#gone = gone;
    this.acceptedAtMs = frontEnd.nowMs();
  }

  begin(): void {
    adopt(this.#arrival.socket, this);
  }

  received(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#begun = true;
    const read = this.#reader.receive(bytes);
    if (read.kind === 'header') this.#handOver(read.header, read.rest);
    else if (read.kind === 'refused') this.refuse('proxy-malformed');
  }

  drained(): void {
    // Nothing is ever written here.
  }

  /** A TCP health check connects and leaves: that is no half header. */
  inputEnded(): void {
    this.refuse(this.#begun ? 'proxy-malformed' : 'client-closed');
  }

  failed(): void {
    this.refuse('client-reset');
  }

  over(): void {
    this.refuse('client-reset');
  }

  broke(error: unknown): void {
    const origin = directOrigin(this.#arrival.socket);
    this.#frontEnd.connectionBroke({ id: newSessionId(), address: null, origin }, error);
    this.refuse('error');
  }

  refuse(reason: StartReason): void {
    if (this.#isOver) return;
    this.#leave();
    this.#frontEnd.refused(this.#arrival.listener, reason);
    this.#arrival.socket.destroy();
  }

  #handOver(header: ProxyHeader, rest: Uint8Array): void {
    const { socket } = this.#arrival;
    this.#leave();
    leave(socket);
    // Paused, so that nobody but the next owner reads on, and it from `rest`.
    socket.pause();
    if (rest.length > 0) socket.unshift(rest);
    const origin = proxiedOrigin(socket, header);
    const connection = new Connection({ frontEnd: this.#frontEnd, ...this.#arrival, origin });
    if (this.#frontEnd.began(connection)) connection.start();
    else socket.destroy();
  }

  #leave(): void {
    this.#isOver = true;
    this.#gone();
  }
}
