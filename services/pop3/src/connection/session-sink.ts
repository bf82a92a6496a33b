/**
 * Where send-message.ts puts a message: through the session, which stuffs nothing and counts, into
 * the outbox.
 *
 * Bodies are lent. Those that were put here go back when they have been written: at once when the kernel
 * took them all, a little later under TLS. What waits for a slow client is not given back but left to
 * the garbage collector. While a message is under way the session may hold its last piece back, so that
 * one stays here too.
 *
 * Never: a byte for a socket that has closed; a promise of its own; a body given back that the session or
 * a socket still has.
 */

import type { Effect, Session } from '@poplar/protocol';
import { unwrittenFlushesMax } from '../limits.ts';
import type { Outbox } from './outbox.ts';
import type { ReadAhead } from './read-ahead.ts';
import type { MessageSink } from './send-message.ts';

type SendMessage = Extract<Effect, { kind: 'send-message' }>;

export class SessionSink implements MessageSink {
  /** Null until the client is greeted. */
  session: Session | null = null;
  /** Octets of messages that were given to the session. */
  messageOctets = 0;
  /** Of the message at hand; whoever answers its effect takes it back. */
  begun = false;
  readonly #outbox: Outbox;
  readonly #giveBack: (body: Uint8Array) => void;
  /** Given to the session; the last of them may not have come out of it. */
  #given: Uint8Array[] = [];
  /** Given to the outbox, which has not said that they are written. */
  #sent: Uint8Array[] = [];
  /** Times that something was sent since all was written. */
  #unwritten = 0;

  constructor(outbox: Outbox, giveBack: (body: Uint8Array) => void) {
    this.#outbox = outbox;
    this.#giveBack = giveBack;
  }

  begin(): void {
    this.begun = true;
    this.session?.resume({ kind: 'message-begins' });
  }

  /** The bytes are lent by the store, or owned by nobody else. */
  piece(bytes: Uint8Array): boolean {
    this.messageOctets += bytes.length;
    // The session passes over an empty one, and the last here must be the one that it may hold back.
    if (bytes.length > 0) this.#given.push(bytes);
    return this.session?.piece(bytes) ?? false;
  }

  /**
   * The fast path of a client that walks its maildrop: a message that is in memory already, without a
   * promise or a query. False when it is not.
   */
  sendAhead(wanted: Pick<SendMessage, 'index' | 'extent'>, readAhead: ReadAhead): boolean {
    if (wanted.extent.kind !== 'whole') return false;
    const body = readAhead.take(wanted.index);
    if (body === undefined) return false;
    this.begin();
    this.piece(body);
    this.begun = false;
    this.session?.resume({ kind: 'message-ends' });
    return true;
  }

  flush(): boolean {
    const { session } = this;
    if (session === null || this.#outbox.isClosed) return false;
    if (session.pendingOctets > 0) this.#send(session);
    return this.#outbox.hasRoom;
  }

  /** All that was sent has been written. */
  written(): void {
    for (const body of this.#sent) this.#giveBack(body);
    this.#sent = [];
    this.#unwritten = 0;
    this.session?.outputWritten();
  }

  #send(session: Session): void {
    const held = this.begun ? this.#given.pop() : undefined;
    this.#sent.push(...this.#given);
    this.#given = held === undefined ? [] : [held];
    const sent = this.#outbox.send(session.takeOutput());
    if (sent === 'written') {
      this.written();
      return;
    }
    this.#unwritten += 1;
    // Who always asks for more before the last of it is written would have all of it kept.
    if (sent === 'waits' || this.#unwritten > unwrittenFlushesMax) {
      this.#sent = [];
      this.#unwritten = 0;
      session.outputKept();
    }
  }

  room(): Promise<boolean> {
    return this.#outbox.room();
  }
}
