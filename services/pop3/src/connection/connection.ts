/**
 * One client: the pump between a socket and a POP3 session.
 *
 * Theory of operation. Bytes go into the session, `advance` asks it for steps until it needs more
 * bytes, room or an answer:
 *   need-data  output is sent, the socket is read on;
 *   flush      output is sent; if the client is not taking it, the pump waits for `drain`;
 *   effect     one at a time: the pump is `working` until the outcome is given back;
 *   close      what is pending is sent, then FIN; what the client still says is thrown away;
 *   abort      the socket is destroyed, so that nothing half-sent can look complete.
 * While the pump is working or waits for room, the first bytes that arrive pause the socket: input
 * never piles up behind a client that does not read. The one way out is `#over`, when the socket has
 * closed for whatever reason; there the lock is given back unless QUIT already did. What is thrown
 * on the way, by an assertion for example, is caught where it came in and ends this connection only.
 *
 * Never: a timer, promise or closure for a command that needs no I/O; more than one effect at once;
 * a byte from before TLS handed to a session after it.
 */

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Effect, type Outcome, type Secured, Session } from '@poplar/protocol';
import type { Pop3TlsMode } from '@poplar/runtime';
import type { FrontEnd, ListenerKind } from '../front-end.ts';
import { flushesPerTurnMax, lingerMs, readAheadIdleMs } from '../limits.ts';
import type { OpenMaildrop } from '../login/contract.ts';
import type { EndReason } from './end-reason.ts';
import type { LoginExchange } from './login-exchange.ts';
import { type Arrival, directOrigin, type Origin } from './origin.ts';
import { Outbox } from './outbox.ts';
import { letterOf, sendMessage, update } from './perform.ts';
import { ReadAhead } from './read-ahead.ts';
import { SessionSink } from './session-sink.ts';
import { adopt, disown, type SocketOwner } from './socket-events.ts';

export interface ConnectionParts extends Arrival {
  readonly frontEnd: FrontEnd;
  /** By default the peer of the socket. */
  readonly origin?: Origin;
}

export class Connection implements SocketOwner {
  readonly acceptedAtMs: number;
  readonly origin: Origin;
  readonly listener: ListenerKind;
  flaggedMessages = 0;
  /** Of the TLS that the client speaks, with us or with the balancer before us. */
  tlsVersion: string | null;

  readonly #frontEnd: FrontEnd;
  readonly #tlsMode: Pop3TlsMode;
  readonly #readAhead = new ReadAhead();
  readonly #outbox: Outbox;
  #socket: Socket;
  #session: Session | null = null;
  readonly #sink: SessionSink;
  readonly #login: LoginExchange;
  #maildrop: OpenMaildrop | null = null;
  #address: string | null = null;
  #working = false;
  /** The pump has given its turn away and goes on by itself: nobody else may start it. */
  #turning = false;
  #handshaking = false;
  #inputEnded = false;
  #ending = false;
  /** Why the session is asked to end, if it is. */
  #shutDownReason: EndReason = 'shutdown';
  #closed = false;
  #endReason: EndReason = 'client-closed';
  #commandsSeen = 0;
  /** When it was last the client's turn: to say something, or to close its side. */
  #idleSinceMs: number;

  constructor(parts: ConnectionParts) {
    this.#frontEnd = parts.frontEnd;
    this.#socket = parts.socket;
    this.#outbox = new Outbox(parts.socket);
    this.#sink = new SessionSink(this.#outbox);
    this.#tlsMode = parts.tlsMode;
    this.listener = parts.listener;
    this.origin = parts.origin ?? directOrigin(parts.socket);
    this.tlsVersion = this.origin.tls?.version ?? null;
    this.#login = parts.frontEnd.loginExchange(this);
    this.acceptedAtMs = parts.frontEnd.nowMs();
    this.#idleSinceMs = this.acceptedAtMs;
  }

  get address(): string | null {
    return this.#address;
  }

  /** The fence of the maildrop it has open; null before login and once QUIT has taken over. */
  get lockToken(): string | null {
    return this.#maildrop?.token ?? null;
  }

  /** Octets given to the socket, greeting and bodies alike. */
  get octetsOut(): number {
    return this.#outbox.octets;
  }

  get messageOctets(): number {
    return this.#sink.messageOctets;
  }

  get endReason(): EndReason {
    return this.#endReason;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get session(): Session | null {
    return this.#session;
  }

  /** Greets on a cleartext listener, shakes hands first on a TLS one. */
  start(): void {
    adopt(this.#socket, this);
    try {
      if (this.#tlsMode === 'implicit') this.#secure();
      else this.#converse(this.#login.secured);
    } catch (error) {
      this.broke(error);
    }
  }

  // ---- what the socket tells (socket-events.ts) ----

  received(bytes: Uint8Array): void {
    if (this.#ending || this.#session === null) return;
    this.#session.receive(bytes);
    if (this.#working || this.#turning) this.#socket.pause();
    else this.#advance();
  }

  drained(): void {
    this.#outbox.drained();
  }

  /** The client will say no more; what it has said is still answered (RFC 9293 half-close). */
  inputEnded(): void {
    this.#inputEnded = true;
    if (this.#session === null) this.#socket.destroy();
    else this.#advance();
  }

  failed(): void {
    if (!this.#ending) this.#endReason = this.#handshaking ? 'tls-failed' : 'client-reset';
  }

  /** A defect of ours came up here: it ends this connection and no other. */
  broke(error: unknown): void {
    this.#frontEnd.connectionBroke(this, error);
    if (this.#closed) this.#releaseMaildrop();
    else this.destroy('error');
  }

  /** The socket is gone: the one way out of a connection. Nothing marked is removed. */
  over(): void {
    if (this.#closed) return;
    this.#closed = true;
    // A handshake that fails closes the socket without an 'error' of its own.
    if (this.#handshaking && !this.#ending) this.#endReason = 'tls-failed';
    this.#outbox.closed();
    this.#readAhead.clear();
    this.#login.abandon();
    this.#releaseMaildrop();
    this.#frontEnd.ended(this);
  }

  // ---- what the front end asks for ----

  /** Makes room for somebody else. */
  evict(): void {
    this.destroy('evicted');
  }

  destroy(reason: EndReason): void {
    this.#endReason = reason;
    this.#ending = true;
    this.#socket.destroy();
  }

  /** Ends the session at its next idle moment with a word to the client; drain and lost leases. */
  shutDown(reason: EndReason): void {
    // A handshake has no room for a word, and a stalled one would hold up the drain.
    if (this.#session === null || this.#handshaking) {
      this.destroy(reason);
      return;
    }
    this.#shutDownReason = reason;
    this.#session.shutdown();
    this.#advance();
  }

  /** Looks at the deadlines; called about once a second for every connection. */
  sweep(nowMs: number): void {
    const { settings, kernelLooks } = this.#frontEnd;
    kernelLooks.consider(this.#outbox, nowMs, this.#idleSinceMs);
    if (this.#outbox.isTooSlow(nowMs, settings.writeStallMs)) {
      this.destroy('write-stall');
      return;
    }
    if (this.#working || this.#outbox.isBusy) this.#idleSinceMs = nowMs;
    const idleMs = nowMs - this.#idleSinceMs;
    if (this.#ending) {
      if (idleMs > lingerMs) this.#socket.destroy();
      return;
    }
    if (this.#session === null || this.#session.phase === 'authorization') {
      // Counted from accept, not from the last byte: a slow drip buys no time.
      if (nowMs - this.acceptedAtMs > settings.loginTimeoutMs) this.destroy('login-timeout');
      return;
    }
    if (idleMs > readAheadIdleMs) this.#readAhead.clear();
    // RFC 1939 §3: closed without a response and without entering UPDATE.
    if (idleMs > settings.idleTimeoutMs) this.destroy('idle-timeout');
  }

  // ---- the pump ----

  #advance(): void {
    const session = this.#session;
    if (session === null || this.#working || this.#turning || this.#ending || this.#closed) return;
    for (let flushes = 0; ; ) {
      const step = session.next();
      switch (step.kind) {
        case 'need-data':
          this.#needData(session);
          return;
        case 'flush':
          flushes += 1;
          if (this.#sink.flush() && flushes < flushesPerTurnMax) break;
          // However fast this client reads, the others on this thread have their turn too.
          void this.#turn();
          return;
        case 'effect':
          if (this.#perform(step.effect)) break;
          return;
        case 'close':
          this.#end(step.reason === 'shutdown' ? this.#shutDownReason : step.reason);
          return;
        case 'abort':
          this.destroy(step.reason);
          return;
      }
    }
  }

  async #turn(): Promise<void> {
    this.#turning = true;
    await new Promise(setImmediate);
    const alive = await this.#outbox.room();
    this.#turning = false;
    try {
      if (alive) this.#advance();
    } catch (error) {
      this.broke(error);
    }
  }

  #needData(session: Session): void {
    this.#sink.flush();
    if (session.commands !== this.#commandsSeen) {
      this.#commandsSeen = session.commands;
      this.#idleSinceMs = this.#frontEnd.nowMs();
    }
    if (this.#inputEnded) this.#end('client-closed');
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  /** True when the effect is done already and the pump goes on at once. */
  #perform(effect: Effect): boolean {
    if (effect.kind === 'start-tls') {
      this.#upgrade();
      return false;
    }
    if (effect.kind === 'send-message' && this.#sink.sendAhead(effect, this.#readAhead))
      return true;
    this.#working = true;
    // While PostgreSQL works, the client may have what is ready.
    this.#sink.flush();
    void this.#settle(effect);
    return false;
  }

  async #settle(effect: Exclude<Effect, { kind: 'start-tls' }>): Promise<void> {
    try {
      const outcome = await this.#outcomeOf(effect);
      this.#working = false;
      this.#sink.begun = false;
      if (this.#closed) {
        // The client left while its login was verified: nobody hears of it, the lock must not stay.
        this.#releaseMaildrop();
        return;
      }
      if (outcome.kind === 'opened') this.#frontEnd.sessionBegan(this);
      this.#session?.resume(outcome);
      this.#advance();
    } catch (error) {
      this.broke(error);
    }
  }

  async #outcomeOf(effect: Exclude<Effect, { kind: 'start-tls' }>): Promise<Outcome> {
    const { backends } = this.#frontEnd;
    const startedAtMs = this.#frontEnd.nowMs();
    if (effect.kind !== 'update' && effect.kind !== 'send-message') {
      const performed = await this.#login.perform(effect);
      // First of all: from here on whatever happens gives the lock back.
      this.#maildrop = performed.maildrop;
      this.#address = performed.maildrop?.address ?? null;
      this.#frontEnd.loginTried(this, performed, startedAtMs);
      return performed.outcome;
    }
    const maildrop = this.#maildrop;
    if (maildrop === null) throw new Error('an effect of TRANSACTION without a maildrop');
    if (effect.kind === 'update') {
      // From here on the lock is the update's to release, also when the client leaves.
      this.#maildrop = null;
      const outcome = await update(backends, maildrop, effect.marked);
      if (outcome.kind === 'updated' && effect.marked.length > 0) {
        this.flaggedMessages = effect.marked.length;
        this.#frontEnd.updated(effect.marked.length, startedAtMs);
      }
      return outcome;
    }
    return sendMessage(backends, letterOf(maildrop, this.#readAhead, effect), this.#sink);
  }

  #end(reason: EndReason): void {
    this.#endReason = reason;
    this.#ending = true;
    this.#idleSinceMs = this.#frontEnd.nowMs();
    this.#sink.flush();
    this.#socket.end();
    // Reading on is what keeps a late byte from turning our last reply into a reset.
    this.#socket.resume();
    // No effect can follow, so the lock need not wait for the client to close its side.
    this.#releaseMaildrop();
  }

  #releaseMaildrop(): void {
    const maildrop = this.#maildrop;
    if (maildrop === null) return;
    this.#maildrop = null;
    void this.#frontEnd.backends.store.close(maildrop.mailboxId, maildrop.token);
  }

  #upgrade(): void {
    this.#sink.flush();
    // Bytes that came before our +OK was taken cannot be a ClientHello (RFC 2595 §4, faults of the
    // STARTTLS injection family): whatever they are, the connection is not worth keeping.
    if (this.#socket.readableLength > 0 || !this.#outbox.isEmpty) {
      this.destroy('stls-injection');
      return;
    }
    this.#secure();
  }

  #secure(): void {
    const raw = this.#socket;
    this.#handshaking = true;
    disown(raw);
    this.#frontEnd.tls.secure(raw, (secured: TLSSocket) => {
      try {
        this.#secured(secured);
      } catch (error) {
        this.broke(error);
      }
    });
  }

  #secured(socket: TLSSocket): void {
    this.#handshaking = false;
    this.#socket = socket;
    this.#outbox.moveTo(socket);
    adopt(socket, this);
    this.tlsVersion ??= socket.getProtocol();
    this.#frontEnd.handshaken(this, socket.isSessionReused());
    const secured = this.#login.handshaken(socket);
    if (this.#session === null) {
      this.#converse(secured);
      return;
    }
    this.#session.upgraded(secured);
    this.#advance();
  }

  #converse(secured: Secured | null): void {
    const transport = { secured, stlsOffered: this.#tlsMode === 'stls' };
    const session = new Session(this.#frontEnd.sessionOptions(this.origin, transport));
    this.#session = session;
    this.#sink.session = session;
    session.greet();
    this.#advance();
  }
}
