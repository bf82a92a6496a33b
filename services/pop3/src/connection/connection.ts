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
import { type Effect, type Secured, Session } from '@poplar/protocol';
import type { Pop3TlsMode } from '@poplar/runtime';
import type { FrontEnd, ListenerKind } from '../front-end.ts';
import { flushesPerTurnMax } from '../limits.ts';
import { CommandClock } from './command-clock.ts';
import { deadlinePassed } from './deadlines.ts';
import type { EndReason } from './end-reason.ts';
import { HeldMaildrop, type StoreEffect } from './held-maildrop.ts';
import type { LoginExchange } from './login-exchange.ts';
import { type Arrival, directOrigin, type Origin } from './origin.ts';
import { Outbox } from './outbox.ts';
import { giveBodyBack, ReadAhead } from './read-ahead.ts';
import { newSessionId } from './session-id.ts';
import { SessionSink } from './session-sink.ts';
import { adopt, disown, type SocketOwner } from './socket-events.ts';
import { ClientProbe, takeoverOf } from './takeover.ts';

export interface ConnectionParts extends Arrival {
  readonly frontEnd: FrontEnd;
  /** By default the peer of the socket. */
  readonly origin?: Origin;
}

export class Connection implements SocketOwner {
  readonly acceptedAtMs: number;
  readonly origin: Origin;
  readonly listener: ListenerKind;
  readonly login: LoginExchange;
  address: string | null = null; // of the maildrop that was opened
  session: Session | null = null;
  endReason: EndReason = 'client-closed';
  flaggedMessages = 0;
  /** Kept by the admission (standing.ts). */
  place = -1;
  isStranger = true;
  octetsIn = 0; // from the client
  /** In all that is logged of it. */
  readonly id = newSessionId();
  /** Of the TLS that the client speaks, with us or with the balancer before us. */
  tlsVersion: string | null;

  readonly #frontEnd: FrontEnd;
  readonly #tlsMode: Pop3TlsMode;
  readonly #readAhead = new ReadAhead();
  readonly #outbox: Outbox;
  readonly #probe = new ClientProbe();
  readonly #clock: CommandClock;
  #socket: Socket;
  readonly #sink: SessionSink;
  readonly #held: HeldMaildrop;
  #working = false;
  /** The pump has given its turn away and goes on by itself: nobody else may start it. */
  #turning = false;
  #handshaking = false;
  #inputEnded = false;
  #ending = false;
  /** Why the session is asked to end, if it is. */
  #shutDownReason: EndReason = 'shutdown';
  #endByMs: number | null = null;
  #closed = false;
  #commandsSeen = 0;
  /** When it was last the client's turn: to say something, or to close its side. */
  #idleSinceMs: number;

  constructor(parts: ConnectionParts) {
    this.#frontEnd = parts.frontEnd;
    this.#socket = parts.socket;
    this.#outbox = new Outbox(parts.socket);
    this.#clock = new CommandClock(parts.frontEnd);
    this.#sink = new SessionSink(this.#outbox, giveBodyBack);
    this.#tlsMode = parts.tlsMode;
    this.listener = parts.listener;
    this.origin = parts.origin ?? directOrigin(parts.socket);
    this.tlsVersion = this.origin.tls?.version ?? null;
    this.login = parts.frontEnd.loginExchange(this);
    this.#held = new HeldMaildrop({
      ...{ frontEnd: parts.frontEnd, connection: this },
      ...{ readAhead: this.#readAhead, sink: this.#sink },
    });
    this.acceptedAtMs = parts.frontEnd.nowMs();
    this.#idleSinceMs = this.acceptedAtMs;
  }

  /** The fence of the maildrop it has open; null before login and once QUIT has taken over. */
  get lockToken(): string | null {
    return this.#held.token;
  }

  /** Octets given to the socket, greeting and bodies alike. */
  get octetsOut(): number {
    return this.#outbox.octets;
  }

  get messageOctets(): number {
    return this.#sink.messageOctets;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Greets on a cleartext listener, shakes hands first on a TLS one. */
  start(): void {
    adopt(this.#socket, this);
    try {
      if (this.#tlsMode === 'implicit') this.#secure();
      else this.#converse(this.login.secured);
    } catch (error) {
      this.broke(error);
    }
  }

  // ---- what the socket tells (socket-events.ts) ----

  received(bytes: Uint8Array): void {
    this.octetsIn += bytes.length;
    if (this.#ending || this.session === null) return;
    this.session.receive(bytes);
    if (this.#working || this.#turning) this.#socket.pause();
    else {
      this.#clock.start();
      this.#advance();
    }
  }

  drained(): void {
    this.#outbox.drained();
  }

  /** The client will say no more; what it has said is still answered (RFC 9293 half-close). */
  inputEnded(): void {
    this.#inputEnded = true;
    if (this.session === null) this.#socket.destroy();
    else this.#advance();
  }

  failed(): void {
    if (!this.#ending) this.endReason = this.#handshaking ? 'tls-failed' : 'client-reset';
  }

  /** A defect of ours came up here: it ends this connection and no other. */
  broke(error: unknown): void {
    this.#frontEnd.connectionBroke(this, error);
    if (this.#closed) this.#held.release();
    else this.destroy('error');
  }

  /** The socket is gone: the one way out of a connection. Nothing marked is removed. */
  over(): void {
    if (this.#closed) return;
    this.#closed = true;
    // A handshake that fails closes the socket without an 'error' of its own.
    if (this.#handshaking && !this.#ending) this.endReason = 'tls-failed';
    this.#outbox.closed();
    this.#readAhead.clear();
    this.login.abandon();
    this.#held.release();
    this.#frontEnd.ended(this);
  }

  // ---- what the front end asks for ----

  /** Makes room for somebody else. */
  evict(): void {
    this.destroy('evicted');
  }

  destroy(reason: EndReason): void {
    this.endReason = reason;
    this.#ending = true;
    this.#socket.destroy();
  }

  /** Ends the session at its next idle moment with a word to the client, or without at the deadline. */
  shutDown(reason: EndReason, endByMs: number | null = null): void {
    this.#endByMs ??= endByMs;
    // A handshake has no room for a word, and a stalled one would hold up the drain.
    if (this.session === null || this.#handshaking) {
      this.destroy(reason);
      return;
    }
    this.#shutDownReason = reason;
    this.session.shutdown(reason === 'shutdown' ? 'node' : 'session');
    this.#advance();
  }

  /** Another login wants the maildrop that this session has open. */
  giveWay(): void {
    const { settings, kernelLooks } = this.#frontEnd;
    // Keepalive asks nothing while the kernel repeats an answer that nobody has taken.
    kernelLooks.want(this.#outbox);
    const nowMs = this.#frontEnd.nowMs();
    const isBusy = this.#working || this.#turning || this.#outbox.isBusy;
    const verdict = takeoverOf(
      {
        isClosed: this.#socket.destroyed,
        isHalfClosed: this.#inputEnded,
        marked: this.session?.marked ?? 0,
        stalledMs: this.#outbox.pace.stalledMs(nowMs),
        unansweredMs: this.#outbox.pace.unansweredForMs(nowMs),
        isBusy,
        idleMs: nowMs - this.#idleSinceMs,
      },
      settings,
    );
    if (verdict === 'gone') this.destroy('taken-over');
    else if (verdict === 'idle') this.shutDown('taken-over');
    else if (verdict === 'probe') this.#probe.begin(this.#socket, nowMs);
  }

  /** Looks at the deadlines; called about once a second for every connection. */
  sweep(nowMs: number): void {
    const { settings, kernelLooks } = this.#frontEnd;
    kernelLooks.consider(this.#outbox, nowMs, this.#idleSinceMs);
    this.#probe.sweep(this.#socket, nowMs);
    const isTooSlow = this.#outbox.isTooSlow(nowMs, settings.writeStallMs);
    if (this.#working || this.#outbox.isBusy) this.#idleSinceMs = nowMs;
    const idleMs = nowMs - this.#idleSinceMs;
    const moments = {
      ...{ nowMs, idleMs, acceptedAtMs: this.acceptedAtMs, endByMs: this.#endByMs },
      isTooSlow,
      isEnding: this.#ending,
      hasLoggedIn: this.session !== null && this.session.phase !== 'authorization',
    };
    const passed = deadlinePassed(moments, settings, this.#frontEnd.lingerMs);
    if (passed === 'lingered') this.#socket.destroy();
    else if (passed !== null) this.destroy(passed === 'told' ? this.#shutDownReason : passed);
    else this.#readAhead.sweep({ idleMs, isBehind: !this.#outbox.isEmpty });
  }

  // ---- the pump ----

  #advance(): void {
    const session = this.session;
    if (session === null || this.#working || this.#turning || this.#ending || this.#closed) return;
    try {
      this.#pump(session);
    } finally {
      this.#clock.lap();
    }
  }

  #pump(session: Session): void {
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

  async #settle(effect: StoreEffect): Promise<void> {
    try {
      const outcome = await this.#held.outcomeOf(effect);
      this.#working = false;
      this.#sink.begun = false;
      if (this.#closed) {
        // The client left while its login was verified: nobody hears of it, the lock must not stay.
        this.#held.release();
        return;
      }
      if (outcome.kind === 'opened') this.#frontEnd.sessionBegan(this, outcome.listing);
      this.session?.resume(outcome);
      this.#clock.lap();
      this.#advance();
    } catch (error) {
      this.broke(error);
    }
  }

  #end(reason: EndReason): void {
    this.endReason = reason;
    this.#ending = true;
    this.#idleSinceMs = this.#frontEnd.nowMs();
    this.#sink.flush();
    this.#socket.end();
    // Reading on is what keeps a late byte from turning our last reply into a reset.
    this.#socket.resume();
    // No effect can follow, so the lock need not wait for the client to close its side.
    this.#held.release();
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
    this.#handshaking = true;
    disown(this.#socket);
    this.#frontEnd.tls.secure(this.#socket, this);
  }

  /** The handshake is complete. */
  secured(socket: TLSSocket): void {
    this.#handshaking = false;
    this.#socket = socket;
    this.#outbox.moveTo(socket, () => this.#sink.written());
    adopt(socket, this);
    this.tlsVersion ??= socket.getProtocol();
    this.#frontEnd.handshaken(this, socket.isSessionReused());
    const secured = this.login.handshaken(socket);
    if (this.session === null) {
      this.#converse(secured);
      return;
    }
    this.session.upgraded(secured);
    this.#advance();
  }

  #converse(secured: Secured | null): void {
    const transport = { secured, stlsOffered: this.#tlsMode === 'stls' };
    const session = new Session(this.#frontEnd.sessionOptions(this.origin, transport));
    this.session = session;
    this.#sink.session = session;
    session.greet();
    this.#advance();
  }
}
