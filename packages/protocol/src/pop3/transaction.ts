/**
 * The TRANSACTION phase: a maildrop is open. Every verb of RFC 1939 §5 and §7 that is about its
 * messages, and the replies to them.
 *
 * A reply that lists all messages is made in blocks; between two of them the output may have to be
 * flushed. A message is sent by an effect: `+OK` is said only when the store has it.
 *
 * Never: number or look up a message here (`MaildropView` does); say that something was removed
 * before the update is durable.
 */

import { assert } from '../assert.ts';
import { outputHighWaterOctets } from '../limits.ts';
import type { ReplyBuffer } from '../wire/reply-buffer.ts';
import type { Command, MessageNumber } from './command.ts';
import type { Extent, Listing, MessageIndex, Outcome, Step } from './effects.ts';
import type { ListingKind } from './listing-text.ts';
import { MaildropView } from './maildrop-view.ts';
import { MessageTransfer } from './message-transfer.ts';
import * as reply from './reply.ts';
import type { VerbIn } from './states.ts';

/** CAPA looks at more than the maildrop and is answered by the session. */
export type TransactionCommand = Exclude<
  Extract<Command, { verb: VerbIn<'transaction'> }>,
  { verb: 'CAPA' }
>;

export type MessageOutcome = Extract<Outcome, { kind: `message-${string}` }>;

const flush: Step = { kind: 'flush' };

export class Transaction {
  readonly #output: ReplyBuffer;
  readonly #view: MaildropView;
  /** The LIST or UIDL that is being said, and its next block. */
  #listing: { readonly kind: ListingKind; block: number } | null = null;
  /** The message the store was asked for. */
  #asked: { readonly index: MessageIndex; readonly extent: Extent } | null = null;
  #transfer: MessageTransfer | null = null;
  #retrieved = 0;
  #topped = 0;

  constructor(output: ReplyBuffer, listing: Listing) {
    this.#output = output;
    this.#view = new MaildropView(listing);
    this.#output.append(reply.maildropHas(this.#view));
  }

  /** Messages sent whole. */
  get retrieved(): number {
    return this.#retrieved;
  }

  /** Messages of which the beginning was sent. */
  get topped(): number {
    return this.#topped;
  }

  get marked(): number {
    return this.#view.markedCount;
  }

  /** Performs a command; a step if something must happen outside before the next one. */
  perform(command: TransactionCommand): Step | null {
    switch (command.verb) {
      case 'STAT':
        this.#output.append(reply.stat(this.#view));
        return null;
      case 'LIST':
      case 'UIDL':
        return command.number === null
          ? this.#listAll(command.verb)
          : this.#listOne(command.verb, command.number);
      case 'RETR':
        return this.#ask(command.number, { kind: 'whole' });
      case 'TOP':
        return this.#ask(command.number, { kind: 'top', bodyLines: command.bodyLines });
      case 'DELE':
        return this.#dele(command.number);
      case 'NOOP':
        this.#output.append(reply.plainOk);
        return null;
      case 'RSET':
        this.#view.unmarkAll();
        this.#output.append(reply.maildropHas(this.#view));
        return null;
      case 'QUIT':
        // Also with nothing marked: the lock is released before +OK is said.
        return { kind: 'effect', effect: { kind: 'update', marked: this.#view.marked() } };
    }
  }

  /** Goes on with a LIST or UIDL reply; a flush if it must be sent first; null when there is none. */
  continueListing(): Step | null {
    const listing = this.#listing;
    if (listing === null) return null;
    for (; listing.block < this.#view.blocks; listing.block += 1) {
      const text = this.#view.block(listing.kind, listing.block);
      const octets = this.#output.pendingOctets + text.length + reply.endOfList.length;
      if (octets > outputHighWaterOctets) return flush;
      this.#output.append(text);
    }
    this.#listing = null;
    this.#output.append(reply.endOfList);
    return null;
  }

  /** A piece of the message being sent; false when no more is needed. */
  piece(bytes: Uint8Array): boolean {
    assert(this.#transfer !== null, 'a piece belongs to a message that has begun');
    return this.#transfer.piece(bytes);
  }

  /** What became of a message that was asked for; a step if the connection must die of it. */
  resume(outcome: MessageOutcome): Step | 'sending' | null {
    assert(this.#asked !== null, 'a message was asked for');
    const { index, extent } = this.#asked;
    if (outcome.kind === 'message-begins') {
      assert(this.#transfer === null, 'a message begins once');
      this.#transfer = new MessageTransfer(this.#output, extent, this.#view.wireOctets(index));
      const whole = extent.kind === 'whole';
      this.#output.append(whole ? reply.retrBegins(this.#view.octets(index)) : reply.plainOk);
      return 'sending';
    }
    const transfer = this.#transfer;
    this.#asked = null;
    this.#transfer = null;
    return transfer === null ? this.#neverBegan(outcome.kind) : this.#ended(transfer, outcome.kind);
  }

  #neverBegan(kind: Exclude<MessageOutcome['kind'], 'message-begins'>): Step | null {
    assert(kind !== 'message-ends', 'a message begins before it ends');
    if (kind === 'message-broken') return { kind: 'abort', reason: 'broken-message' };
    this.#output.append(kind === 'message-gone' ? reply.messageGone : reply.messageUnavailable);
    return null;
  }

  #ended(
    transfer: MessageTransfer,
    kind: Exclude<MessageOutcome['kind'], 'message-begins'>,
  ): Step | null {
    // Whatever it is called: once something was said, a message that cannot be had is a broken one.
    if (kind !== 'message-ends' || !transfer.end()) {
      return { kind: 'abort', reason: 'broken-message' };
    }
    if (transfer.whole) this.#retrieved += 1;
    else this.#topped += 1;
    return null;
  }

  /** What became of QUIT's update. RFC 1939 §6: -ERR when marked messages were not removed. */
  updated(kind: 'updated' | 'not-updated'): Step {
    const marked = this.#view.markedCount;
    if (marked === 0) {
      this.#output.append(reply.goodbye);
      return { kind: 'close', reason: 'quit' };
    }
    const durable = kind === 'updated';
    this.#output.append(durable ? reply.updated(marked) : reply.notRemoved);
    return { kind: 'close', reason: durable ? 'quit' : 'not-updated' };
  }

  /** The index behind a number, or null when the client was told that there is none. */
  #find(number: MessageNumber): MessageIndex | null {
    const found = this.#view.find(number);
    if (typeof found === 'number') return found;
    this.#output.append(found === 'marked' ? reply.messageMarked : reply.noSuchMessage);
    return null;
  }

  #listAll(kind: ListingKind): Step | null {
    this.#output.append(kind === 'LIST' ? reply.listBegins(this.#view) : reply.plainOk);
    this.#listing = { kind, block: 0 };
    return this.continueListing();
  }

  #listOne(kind: ListingKind, number: MessageNumber): null {
    const index = this.#find(number);
    if (index === null) return null;
    const fact = kind === 'LIST' ? this.#view.octets(index) : this.#view.uidl(index);
    this.#output.append(reply.listOne(number, fact));
    return null;
  }

  #ask(number: MessageNumber, extent: Extent): Step | null {
    const index = this.#find(number);
    if (index === null) return null;
    this.#asked = { index, extent };
    return { kind: 'effect', effect: { kind: 'send-message', index, extent } };
  }

  #dele(number: MessageNumber): null {
    const index = this.#find(number);
    if (index === null) return null;
    this.#view.mark(index);
    this.#output.append(reply.deleted(number));
    return null;
  }
}
