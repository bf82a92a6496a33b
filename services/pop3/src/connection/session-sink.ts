/**
 * Where send-message.ts puts a message: through the session, which stuffs nothing and counts, into
 * the outbox.
 *
 * Never: a byte for a socket that has closed; a promise of its own.
 */

import type { Effect, Session } from '@poplar/protocol';
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

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  begin(): void {
    this.begun = true;
    this.session?.resume({ kind: 'message-begins' });
  }

  piece(bytes: Uint8Array): boolean {
    this.messageOctets += bytes.length;
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
    if (session.pendingOctets > 0) this.#outbox.send(session.takeOutput());
    return this.#outbox.hasRoom;
  }

  room(): Promise<boolean> {
    return this.#outbox.room();
  }
}
