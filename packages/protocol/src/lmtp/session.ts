/**
 * The server side of one LMTP session (RFC 2033), without I/O.
 *
 * Theory of operation. Bytes come in by `receive()`, which only keeps them. `next()` works through
 * them until something must happen outside and says what: more data, output to be sent, an effect, the
 * end. An effect is answered by `resume()` (or `upgraded()`), and until then nothing is read on, so
 * pipelined commands wait in order.
 *
 *     state        entered by                              left by
 *     greeted      creation, upgraded()                    LHLO -> ready
 *     ready        LHLO, RSET, end of a message            MAIL -> mail
 *     mail         MAIL; RCPT stays here                   DATA -> data; RSET, LHLO -> ready
 *     data         DATA with a recipient (354 was said)    CRLF.CRLF -> ready, by way of `deliver`
 *     closed       QUIT, too many faults, shutdown,
 *                  timeout, data before TLS, abandon()
 *
 * The memory of a message is counted from DATA to the answer of `deliver`; `abandon()` gives it back
 * whatever the state.
 *
 * Never: answer for a recipient before its outcome; treat anything but CRLF.CRLF as the end of data;
 * use a byte from before TLS after it.
 */

import { assert } from '../assert.ts';
import { DotDecoder } from '../wire/dot-stuffing.ts';
import { LineReader } from '../wire/line-reader.ts';
import { type Command, type MailCommand, parseCommand } from './command.ts';
import type {
  EnvelopeRecipient,
  LmtpCloseReason,
  LmtpEffect,
  LmtpOutcome,
  LmtpStep,
} from './effects.ts';
import { commandLineOctetsMax, faultsMax, recipientsMax } from './limits.ts';
import type { OctetBudget } from './octet-budget.ts';
import type { Path } from './path.ts';
import { Replies, type ReplyName } from './reply.ts';
import { WireMessage } from './wire-message.ts';

export interface LmtpSessionOptions {
  readonly hostname: string;
  /** Largest message taken, unstuffed and with CRLF ends; announced by SIZE (RFC 1870). */
  readonly messageOctetsMax: number;
  /** Shared by all sessions of a worker. */
  readonly budget: OctetBudget;
  /** The runner has a certificate. */
  readonly offerStartTls: boolean;
}

interface Transaction<Mailbox> {
  readonly clientName: string;
  readonly from: string;
  readonly utf8: boolean;
  readonly recipients: EnvelopeRecipient<Mailbox>[];
}

/** A message on its way in. */
interface Incoming<Mailbox> {
  readonly transaction: Transaction<Mailbox>;
  readonly message: WireMessage;
  readonly decoder: DotDecoder;
}

export type LmtpPhase = 'command' | 'data' | 'effect' | 'closed';

export class LmtpSession<Mailbox> {
  readonly #options: LmtpSessionOptions;
  readonly #replies = new Replies();
  #reader = new LineReader({ bareLf: false });
  #clientName: string | undefined;
  #transaction: Transaction<Mailbox> | undefined;
  #incoming: Incoming<Mailbox> | undefined;
  #outstanding: LmtpEffect<Mailbox> | undefined;
  #end: Extract<LmtpStep<Mailbox>, { kind: 'close' | 'abort' }> | undefined;
  #secured = false;
  #draining = false;
  #faults = 0;

  constructor(options: LmtpSessionOptions) {
    this.#options = options;
  }

  greet(): void {
    this.#replies.greeting(this.#options.hostname);
  }

  /** Keeps the bytes; they must not change afterwards. */
  receive(bytes: Uint8Array): void {
    if (this.#end !== undefined) return;
    this.#reader.push(bytes);
  }

  /** Works until something must happen outside. Not to be called while an effect is unanswered. */
  next(): LmtpStep<Mailbox> {
    assert(this.#outstanding === undefined, 'next() is called after the effect was answered');
    for (;;) {
      if (this.#end !== undefined) return this.#end;
      if (this.#replies.full) return { kind: 'flush' };
      if (this.#draining && this.#transaction === undefined) {
        this.#close('shutting-down', 'shutdown');
        continue;
      }
      const effect =
        this.#incoming === undefined ? this.#readCommand() : this.#readData(this.#incoming);
      if (effect === 'need-data') return { kind: 'need-data' };
      if (effect !== undefined) {
        this.#outstanding = effect;
        return { kind: 'effect', effect };
      }
    }
  }

  /** Answers the outstanding effect; then call `next()`. */
  resume(outcome: LmtpOutcome<Mailbox>): void {
    const effect = this.#outstanding;
    this.#outstanding = undefined;
    if (outcome.kind === 'delivered') {
      assert(effect?.kind === 'deliver', 'a delivery result answers a delivery');
      this.#answerDelivery(effect.envelope.recipients, outcome);
    } else {
      assert(effect?.kind === 'resolve-recipient', 'a recipient result answers a recipient');
      this.#answerRecipient(effect.address, outcome);
    }
  }

  /** TLS is up: nothing the client said before counts any more (RFC 3207 §4.2), but its faults do. */
  upgraded(): void {
    assert(this.#outstanding?.kind === 'start-tls', 'TLS follows start-tls');
    this.#outstanding = undefined;
    if (this.#reader.bufferedOctets > 0) {
      this.#abort('starttls-injection');
      return;
    }
    this.#reader = new LineReader({ bareLf: false });
    this.#clientName = undefined;
    this.#secured = true;
  }

  /** No further transaction: the client is sent away as soon as the one in hand is over. */
  shutdown(): void {
    this.#draining = true;
  }

  /** The client has been silent too long. An effect is never cut short: wait for its answer. */
  expire(): void {
    assert(this.#outstanding === undefined, 'no time runs out while the client waits for us');
    if (this.#end === undefined) this.#close('too-slow', 'timeout');
  }

  /**
   * The connection is gone: nothing more is read or said. Safe at any time; what a delivery in hand
   * still needs is kept until its answer.
   */
  abandon(): void {
    this.#end ??= { kind: 'abort', reason: 'abandoned' };
    if (this.#outstanding === undefined) this.#forget();
  }

  /** The pending output, the caller's from now on. */
  takeOutput(): Uint8Array[] {
    return this.#replies.take();
  }

  /** What was taken has been written, all of it, so that its memory may be used again; or not. */
  outputTaken(isWritten: boolean): void {
    this.#replies.taken(isWritten);
  }

  get pendingOctets(): number {
    return this.#replies.octets;
  }

  /** Octets received and not yet used. */
  get bufferedOctets(): number {
    return this.#reader.bufferedOctets;
  }

  get phase(): LmtpPhase {
    if (this.#end !== undefined) return 'closed';
    if (this.#outstanding !== undefined) return 'effect';
    return this.#incoming === undefined ? 'command' : 'data';
  }

  #readCommand(): LmtpEffect<Mailbox> | 'need-data' | undefined {
    const line = this.#reader.next(commandLineOctetsMax);
    if (line === 'need-data') return 'need-data';
    if (line === 'overlong') this.#say('line-too-long');
    else return this.#perform(parseCommand(line));
    return undefined;
  }

  #perform(command: Command): LmtpEffect<Mailbox> | undefined {
    switch (command.verb) {
      case 'invalid':
        this.#say(command.fault);
        return undefined;
      case 'LHLO':
        this.#hello(command.name);
        return undefined;
      case 'MAIL':
        this.#mail(command);
        return undefined;
      case 'RCPT':
        return this.#rcpt(command.to);
      case 'DATA':
        this.#data();
        return undefined;
      case 'RSET':
        this.#forget();
        this.#say('reset');
        return undefined;
      case 'NOOP':
        this.#say('nothing');
        return undefined;
      case 'VRFY':
        this.#say('cannot-verify');
        return undefined;
      case 'QUIT':
        this.#close('bye', 'quit');
        return undefined;
      case 'STARTTLS':
        return this.#startTls();
    }
  }

  /** RFC 5321 §4.1.4: a new greeting also ends the transaction in hand. */
  #hello(name: string): void {
    const { hostname, messageOctetsMax, offerStartTls } = this.#options;
    this.#forget();
    this.#clientName = name;
    const extensions = [
      'PIPELINING',
      `SIZE ${messageOctetsMax}`,
      '8BITMIME',
      'SMTPUTF8',
      'ENHANCEDSTATUSCODES',
    ];
    if (offerStartTls && !this.#secured) extensions.push('STARTTLS');
    this.#replies.hello(hostname, extensions);
  }

  #mail(command: MailCommand): void {
    if (this.#clientName === undefined) this.#say('hello-first');
    else if (this.#transaction !== undefined) this.#say('nested-mail');
    else if (command.from.wide && !command.utf8) this.#say('smtputf8-needed');
    else if (command.declaredOctets > this.#options.messageOctetsMax)
      this.#say('declared-too-large');
    else {
      const { from, utf8 } = command;
      const clientName = this.#clientName;
      this.#transaction = { clientName, from: from.address, utf8, recipients: [] };
      this.#say('sender-ok');
    }
  }

  #rcpt(to: Path): LmtpEffect<Mailbox> | undefined {
    if (this.#transaction === undefined) this.#say('mail-first');
    else if (to.wide && !this.#transaction.utf8) this.#say('smtputf8-needed');
    else if (this.#transaction.recipients.length >= recipientsMax) this.#say('too-many-recipients');
    else return { kind: 'resolve-recipient', address: to.address };
    return undefined;
  }

  #answerRecipient(address: string, outcome: Exclude<LmtpOutcome<Mailbox>, { kind: 'delivered' }>) {
    if (outcome.kind === 'accepted') {
      assert(this.#transaction !== undefined, 'a recipient belongs to a transaction');
      this.#transaction.recipients.push({ address, mailbox: outcome.mailbox });
      this.#replies.recipient('accepted', address);
    } else this.#replies.recipient(outcome.reason, address);
  }

  /** RFC 2033 §4.2: with no valid recipient the answer is 503, and no data follows. */
  #data(): void {
    const transaction = this.#transaction;
    if (transaction === undefined) this.#say('mail-first');
    else if (transaction.recipients.length === 0) this.#say('no-recipients');
    else {
      const { messageOctetsMax: octetsMax, budget } = this.#options;
      const message = new WireMessage({ octetsMax, budget });
      this.#incoming = { transaction, message, decoder: new DotDecoder(message) };
      this.#say('go-ahead');
    }
  }

  #readData(incoming: Incoming<Mailbox>): LmtpEffect<Mailbox> | 'need-data' | undefined {
    const bytes = this.#reader.takeRest();
    if (bytes === null) return 'need-data';
    const end = incoming.decoder.decode(bytes, 0);
    if (end < 0) return 'need-data';
    if (end < bytes.length) this.#reader.push(bytes.subarray(end));
    incoming.message.finish();
    return this.#endOfData(incoming);
  }

  #endOfData({ message, transaction }: Incoming<Mailbox>): LmtpEffect<Mailbox> | undefined {
    const { from, utf8, recipients, clientName } = transaction;
    if (message.fate !== 'kept') {
      for (const { address } of recipients) this.#replies.recipient(message.fate, address);
      this.#forget();
      return undefined;
    }
    const protocol = `${utf8 ? 'UTF8' : ''}LMTP${this.#secured ? 'S' : ''}`;
    return { kind: 'deliver', envelope: { from, recipients, clientName, protocol }, message };
  }

  /** RFC 2033 §4.2: one reply for each recipient that was accepted, in the order of RCPT. */
  #answerDelivery(
    recipients: readonly EnvelopeRecipient<Mailbox>[],
    { id, results }: Extract<LmtpOutcome<Mailbox>, { kind: 'delivered' }>,
  ): void {
    assert(results.length === recipients.length, 'there is no result without its recipient');
    recipients.forEach(({ address }, index) => {
      const result = results[index];
      assert(result !== undefined, 'every recipient has its delivery result');
      if (result === 'delivered') this.#replies.delivered(address, id);
      else this.#replies.recipient(result, address);
    });
    this.#faults = 0;
    this.#forget();
  }

  #startTls(): LmtpEffect<Mailbox> | undefined {
    if (this.#secured) this.#say('tls-already');
    else if (!this.#options.offerStartTls) this.#say('tls-unavailable');
    // Bytes behind STARTTLS were put there by somebody who wants them read inside TLS.
    else if (this.#reader.bufferedOctets > 0) this.#abort('starttls-injection');
    else {
      this.#forget();
      this.#say('ready-for-tls');
      return { kind: 'start-tls' };
    }
    return undefined;
  }

  #say(name: ReplyName): void {
    if (!this.#replies.say(name)) return;
    this.#faults += 1;
    if (this.#faults >= faultsMax) this.#close('too-many-faults', 'too-many-faults');
  }

  /** Ends the transaction and gives its memory back. */
  #forget(): void {
    this.#incoming?.message.release();
    this.#incoming = undefined;
    this.#transaction = undefined;
  }

  #close(farewell: ReplyName, reason: LmtpCloseReason): void {
    this.#replies.say(farewell);
    this.#forget();
    this.#end = { kind: 'close', reason };
  }

  #abort(reason: LmtpCloseReason): void {
    this.#replies.clear();
    this.#forget();
    this.#end = { kind: 'abort', reason };
  }
}
