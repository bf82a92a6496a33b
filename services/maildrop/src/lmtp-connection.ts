/**
 * One LMTP connection: carries bytes between a socket and its session, and effects between the
 * session and whoever performs them.
 *
 * Theory of operation. `#advance` runs the session until it has to wait for one of three things, and
 * the event that ends the wait calls it again: more input (`data`), room for output (`drain`), the
 * outcome of an effect (a promise). While it waits for either of the last two the socket is paused, so
 * a client that does not read, or sends faster than the database stores, fills its own buffers and
 * not ours. Deadlines are looked at by `sweep`, called for all connections by one timer. What is thrown
 * on the way, by an assertion for example, is caught where it came in and ends this connection only.
 *
 * Never: a byte from before TLS used after it; a message's memory kept when the connection is gone; an
 * effect given up before its outcome.
 */

import type { Socket } from 'node:net';
import type { LmtpCloseReason, LmtpEffect, LmtpOutcome, LmtpSession } from '@poplar/protocol';
import {
  commandTimeoutMs,
  dataTimeoutMs,
  drainLingerMs,
  lingerMs,
  socketPendingOctetsMax,
  tlsHandshakeTimeoutMs,
  writeStallMs,
} from './limits.ts';
import type { StartTls } from './starttls.ts';

export type EndReason =
  | LmtpCloseReason
  | 'client-closed'
  | 'client-reset'
  | 'write-stall'
  | 'tls-failed'
  | 'error';

type Performed<Mailbox> = Exclude<LmtpEffect<Mailbox>, { kind: 'start-tls' }>;

export interface LmtpConnectionParts<Mailbox> {
  readonly session: LmtpSession<Mailbox>;
  /** Must not reject: a failure is an outcome. */
  readonly perform: (effect: Performed<Mailbox>) => Promise<LmtpOutcome<Mailbox>>;
  readonly startTls: StartTls;
  /** Monotonic, in milliseconds. */
  readonly nowMs: () => number;
  /** A defect of ours came up here; the connection is being destroyed. */
  readonly broke: (error: unknown) => void;
  /** The socket is closed and nothing is running any more. Called once. */
  readonly ended: (reason: EndReason) => void;
}

export class LmtpConnection<Mailbox> {
  /** Octets that the client has sent, and those sent to it. */
  octetsIn = 0;
  octetsOut = 0;

  readonly #parts: LmtpConnectionParts<Mailbox>;
  #socket: Socket;
  #waitsFor: 'input' | 'room' | 'outcome' | 'handshake' | 'close' = 'input';
  #inputEnded = false;
  /** An effect has been begun and its outcome is not known yet. */
  #performing = false;
  #draining = false;
  #closed = false;
  /** Since when the client is late with whatever it is to do next. */
  #sinceMs: number;
  #reason: EndReason | undefined;

  constructor(socket: Socket, parts: LmtpConnectionParts<Mailbox>) {
    this.#socket = socket;
    this.#parts = parts;
    this.#sinceMs = parts.nowMs();
    this.#adopt(socket);
    this.#guard(() => {
      parts.session.greet();
      this.#advance();
    });
  }

  /** Ends it as soon as the transaction in hand is over. */
  drain(): void {
    this.#draining = true;
    this.#guard(() => {
      this.#parts.session.shutdown();
      if (this.#waitsFor === 'input') this.#advance();
    });
  }

  /** Ends it now. What the database is doing is still waited for, by `ended`. */
  destroy(reason: EndReason): void {
    this.#reason ??= reason;
    this.#socket.destroy();
  }

  /** Looks at the deadline of whatever the client is to do next. */
  sweep(): void {
    this.#guard(() => this.#sweep());
  }

  #sweep(): void {
    const lateMs = this.#parts.nowMs() - this.#sinceMs;
    switch (this.#waitsFor) {
      case 'input': {
        const timeoutMs = this.#parts.session.phase === 'data' ? dataTimeoutMs : commandTimeoutMs;
        if (lateMs <= timeoutMs) return;
        this.#parts.session.expire();
        this.#advance();
        return;
      }
      case 'room':
        if (lateMs > writeStallMs) this.destroy('write-stall');
        return;
      case 'handshake':
        if (lateMs > tlsHandshakeTimeoutMs) this.destroy('tls-failed');
        return;
      case 'close':
        if (lateMs > this.#lingerMs) this.destroy('client-closed');
        return;
      case 'outcome':
        // The store has its own deadlines; a client never pays for ours.
        return;
    }
  }

  /** How long the client has to close its side; a node that ends does not wait for who only forgot to. */
  get #lingerMs(): number {
    return this.#draining && this.#socket.writableLength === 0 ? drainLingerMs : lingerMs;
  }

  #advance(): void {
    const { session } = this.#parts;
    while (!this.#socket.destroyed) {
      const step = session.next();
      if (step.kind === 'abort') {
        this.destroy(step.reason);
        return;
      }
      const hasRoom = this.#flush();
      if (step.kind === 'effect') {
        this.#perform(step.effect);
        return;
      }
      if (step.kind === 'close') {
        this.#end(step.reason);
        return;
      }
      if (!hasRoom) {
        this.#wait('room');
        return;
      }
      if (step.kind === 'need-data') {
        this.#needData();
        return;
      }
    }
  }

  #needData(): void {
    if (this.#inputEnded) this.#end('client-closed');
    else {
      this.#waitsFor = 'input';
      this.#socket.resume();
    }
  }

  /** Sends what is pending; false when the client has to take some of it first. */
  #flush(): boolean {
    const pieces = this.#parts.session.takeOutput();
    if (pieces.length > 0) {
      // Every command is answered, so an answer is what shows that the client is not idle.
      this.#sinceMs = this.#parts.nowMs();
      if (pieces.length > 1) this.#socket.cork();
      for (const piece of pieces) {
        this.octetsOut += piece.length;
        this.#socket.write(piece);
      }
      if (pieces.length > 1) this.#socket.uncork();
      this.#parts.session.outputTaken(this.#socket.writableLength === 0);
    }
    return this.#socket.writableLength <= socketPendingOctetsMax;
  }

  #wait(wait: 'room' | 'outcome'): void {
    this.#waitsFor = wait;
    this.#sinceMs = this.#parts.nowMs();
    this.#socket.pause();
  }

  #perform(effect: LmtpEffect<Mailbox>): void {
    if (effect.kind === 'start-tls') {
      this.#upgrade();
      return;
    }
    this.#wait('outcome');
    void this.#settle(effect);
  }

  async #settle(effect: Performed<Mailbox>): Promise<void> {
    const { perform, session, nowMs } = this.#parts;
    this.#performing = true;
    let outcome: LmtpOutcome<Mailbox>;
    try {
      outcome = await perform(effect);
    } catch (error) {
      this.#broke(error);
      // The session has to be answered all the same: it gives the message's memory back then.
      outcome = failureOf(effect);
    }
    this.#performing = false;
    try {
      this.#sinceMs = nowMs();
      session.resume(outcome);
      this.#advance();
    } catch (error) {
      this.#broke(error);
    }
    if (this.#closed) this.#over();
  }

  #upgrade(): void {
    const raw = this.#socket;
    // Bytes that are here before TLS began were not sent by TLS (RFC 3207 §6).
    if (raw.readableLength > 0) {
      this.destroy('starttls-injection');
      return;
    }
    this.#waitsFor = 'handshake';
    // The raw socket keeps its 'error' listener: it may die in the handshake.
    for (const event of ['data', 'drain', 'end', 'close'] as const) {
      raw.off(event, this.#listeners[event]);
    }
    const secured = this.#parts.startTls.wrap(raw, () => {
      this.#guard(() => {
        this.#sinceMs = this.#parts.nowMs();
        this.#parts.session.upgraded();
        this.#advance();
      });
    });
    this.#socket = secured;
    this.#adopt(secured);
  }

  /** Says goodbye; the client's FIN, or the linger deadline, is the end. */
  #end(reason: EndReason): void {
    this.#reason ??= reason;
    this.#waitsFor = 'close';
    this.#sinceMs = this.#parts.nowMs();
    this.#socket.end();
    // Reading on keeps a late byte from turning the last reply into a reset.
    this.#socket.resume();
  }

  // Fields that are functions: made once for each connection, not for each event.
  readonly #listeners = {
    data: (bytes: Buffer): void => {
      try {
        this.#received(bytes);
      } catch (error) {
        this.#broke(error);
      }
    },
    drain: (): void => {
      if (this.#waitsFor === 'room') this.#guard(() => this.#advance());
    },
    end: (): void => {
      this.#inputEnded = true;
      if (this.#waitsFor === 'input') this.#guard(() => this.#advance());
    },
    // Every error is followed by 'close'.
    error: (): void => {
      this.#reason ??= this.#waitsFor === 'handshake' ? 'tls-failed' : 'client-reset';
    },
    close: (): void => {
      this.#closed = true;
      this.#guard(() => this.#parts.session.abandon());
      if (!this.#performing) this.#over();
    },
  };

  #adopt(socket: Socket): void {
    for (const [event, listener] of Object.entries(this.#listeners)) socket.on(event, listener);
  }

  #received(bytes: Uint8Array): void {
    const { session } = this.#parts;
    this.octetsIn += bytes.length;
    if (this.#waitsFor === 'close') return;
    session.receive(bytes);
    if (session.phase === 'data') this.#sinceMs = this.#parts.nowMs();
    if (this.#waitsFor === 'input') this.#advance();
  }

  /** Runs what may throw; for what happens rarely. */
  #guard(entry: () => void): void {
    try {
      entry();
    } catch (error) {
      this.#broke(error);
    }
  }

  #broke(error: unknown): void {
    this.#parts.broke(error);
    this.#reason = 'error';
    this.#socket.destroy();
  }

  #over(): void {
    this.#parts.ended(this.#reason ?? 'client-closed');
  }
}

/** The outcome of an effect that was not performed: the client keeps the message. */
function failureOf<Mailbox>(effect: Performed<Mailbox>): LmtpOutcome<Mailbox> {
  if (effect.kind === 'resolve-recipient') return { kind: 'rejected', reason: 'temporary' };
  return { kind: 'delivered', id: '', results: effect.envelope.recipients.map(() => 'temporary') };
}
