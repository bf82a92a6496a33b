/**
 * A POP3 session without a connection: octets and outcomes go in, replies and effects come out.
 *
 * Theory of operation. The owner gives input to `receive`, which only buffers it, and calls `next`
 * until it says `need-data`. Commands are handled strictly in order, one at a time. When something
 * must happen outside, `next` returns an effect; until its outcome is given to `resume`, nothing is
 * read (RFC 2449 §6.6: pipelined commands wait). Replies gather in the output, which the owner takes
 * at every `need-data`, `flush`, effect and close, and as often as it likes in between. The phases
 * and what leads from one to the next are described in `states.ts`.
 *
 * While a message is sent the owner calls `resume(message-begins)`, `piece` as often as needed, and
 * `resume` with what became of it. While TLS is being started it must not call `receive`: octets
 * that come in the clear behind STLS end the session (CVE-2011-0411 and its many successors).
 *
 * Never: I/O, a clock, a promise, a timer; a throw because of anything a client sent. A throw is a
 * `BrokenInvariant`: the owner gave an outcome nobody asked for.
 */

import { assert } from '../assert.ts';
import {
  commandLineOctetsMax,
  inputBeforeLoginOctetsMax,
  outputHighWaterOctets,
  saslLineOctetsMax,
  unrecognisedAfterLoginMax,
  unrecognisedBeforeLoginMax,
} from '../limits.ts';
import { ascii, upperCase } from '../wire/ascii.ts';
import { LineReader, needData, overlong } from '../wire/line-reader.ts';
import { ReplyBuffer } from '../wire/reply-buffer.ts';
import { Authorization, type AuthorizationCommand } from './authorization.ts';
import { type Command, type Invalid, parseCommand } from './command.ts';
import { CommandTally, type TalliedVerb } from './command-tally.ts';
import type { CloseReason, Effect, Outcome, Step } from './effects.ts';
import type { LoginPolicy, Secured } from './login-policy.ts';
import * as reply from './reply.ts';
import { isAllowed, type Phase } from './states.ts';
import { Transaction } from './transaction.ts';

export interface SessionOptions extends LoginPolicy {
  /** The name in the greeting. */
  readonly hostname: string;
  /** What CAPA says after IMPLEMENTATION. */
  readonly implementation: string;
  /** Where it is written down how commands were answered; its own, if nobody wants to know. */
  readonly tally?: CommandTally;
}

const nothingBeyondTls: Secured = { clientCertificate: false, channelBinding: false };
const needDataStep: Step = { kind: 'need-data' };
const flush: Step = { kind: 'flush' };
const authKeyword = ascii('AUTH');
/** A TLS record of the kind handshake, and the major version every TLS has. */
const tlsHandshake = 0x16;
const tlsMajorVersion = 0x03;

function close(reason: CloseReason): Step {
  return { kind: 'close', reason };
}

/** POP3 tolerates a bare LF as an end of line: people type through `nc` and `openssl s_client`. */
function newReader(): LineReader {
  return new LineReader({ bareLf: true });
}

export class Session {
  readonly #options: SessionOptions;
  readonly #output = new ReplyBuffer();
  readonly #authorization: Authorization;
  #reader = newReader();
  /** Null until a maildrop is open. */
  #transaction: Transaction | null = null;
  /** The effect whose outcome is not known yet. */
  #awaiting: Effect['kind'] | null = null;
  /** The close or abort that ended the session. */
  #ended: Step | null = null;
  /** What is said when it ends next; null while it goes on. */
  #stopping: Uint8Array | null = null;
  #unrecognisedInARow = 0;
  /** Octets received before login, in the clear and under TLS together. */
  #strangerOctets = 0;
  #commands = 0;
  readonly #tally: CommandTally;
  /** Of the command in hand, or of the last one. */
  #verb: TalliedVerb = 'invalid';

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#tally = options.tally ?? new CommandTally();
    this.#authorization = new Authorization(this.#output, options, options.implementation);
  }

  get phase(): Phase {
    if (this.#ended !== null) return 'closed';
    if (this.#awaiting === 'update') return 'update';
    return this.#transaction === null ? 'authorization' : 'transaction';
  }

  /** Octets of output not yet taken. A piece of a message may be held back beyond these. */
  get pendingOctets(): number {
    return this.#output.pendingOctets;
  }

  /** Lines handled so far, whatever they were. */
  get commands(): number {
    return this.#commands;
  }

  /** Messages sent whole. */
  get retrieved(): number {
    return this.#transaction?.retrieved ?? 0;
  }

  /** Messages of which TOP sent the beginning. */
  get topped(): number {
    return this.#transaction?.topped ?? 0;
  }

  /** Messages marked as deleted at the moment. */
  get marked(): number {
    return this.#transaction?.marked ?? 0;
  }

  /** Says the greeting; once, before anything else. */
  greet(): void {
    const { hostname, apopTimestamp } = this.#options;
    this.#output.append(reply.greeting(hostname, apopTimestamp));
  }

  /** Buffers input. The octets belong to the session until they are handled. */
  receive(bytes: Uint8Array): void {
    // What follows QUIT is discarded.
    if (bytes.length === 0 || this.#ended !== null || this.#awaiting === 'update') return;
    if (this.#awaiting === 'start-tls') {
      this.#leave(close('stls-injection'));
      return;
    }
    if (this.#transaction === null) this.#strangerOctets += bytes.length;
    this.#reader.push(bytes);
  }

  /** Handles what was received until something must happen outside. */
  next(): Step {
    for (;;) {
      if (this.#ended !== null) return this.#ended;
      if (this.#output.pendingOctets >= outputHighWaterOctets) return flush;
      if (this.#awaiting !== null) return needDataStep;
      const step = this.#advance();
      if (step !== null) return this.#leave(step);
    }
  }

  /**
   * Answers the outstanding effect.
   *
   * @throws BrokenInvariant if it is not an outcome of that effect
   */
  resume(outcome: Outcome): void {
    const transaction = this.#transaction;
    switch (outcome.kind) {
      case 'opened':
        this.#answer('authenticate');
        this.#authorization.opened(outcome.loginDelaySeconds ?? null);
        this.#transaction = new Transaction(this.#output, outcome.listing);
        this.#done(null);
        return;
      case 'refused':
        this.#answer('authenticate', 'scram-begin', 'scram-prove');
        this.#leave(this.#done(this.#authorization.resume(outcome)));
        return;
      case 'scram-begun':
      case 'scram-proved':
        this.#answer(outcome.kind === 'scram-begun' ? 'scram-begin' : 'scram-prove');
        this.#leave(this.#done(this.#authorization.resume(outcome)));
        return;
      case 'updated':
      case 'not-updated':
        this.#answer('update');
        assert(transaction !== null, 'an update ends a transaction');
        this.#leave(this.#done(transaction.updated(outcome.kind)));
        return;
      default: {
        this.#answer('send-message');
        assert(transaction !== null, 'a message is sent in a transaction');
        const step = transaction.resume(outcome);
        if (step === 'sending') this.#awaiting = 'send-message';
        else this.#leave(this.#done(step));
      }
    }
  }

  /**
   * A piece of the message being sent, in wire form. It is kept by reference: the owner must not
   * write to it any more.
   *
   * @returns false when no more is needed
   */
  piece(bytes: Uint8Array): boolean {
    assert(this.#transaction !== null, 'a message is sent in a transaction');
    return this.#transaction.piece(bytes);
  }

  /** TLS is up. Everything the client said before is forgotten, but its failures are not. */
  upgraded(secured: Secured = nothingBeyondTls): void {
    if (this.#ended !== null) return;
    this.#answer('start-tls');
    // RFC 2595 §4: nothing read in the clear may reach into TLS, so the reader is a new one.
    this.#reader = newReader();
    this.#authorization.upgraded(secured);
  }

  /** Ends the session with a word to the client as soon as it is between commands. */
  shutdown(what: 'node' | 'session' = 'node'): void {
    this.#stopping ??= what === 'node' ? reply.shuttingDown : reply.sessionEnded;
  }

  /** Takes the pending output, in order. The parts are for reading only. */
  takeOutput(): Uint8Array[] {
    return this.#output.take();
  }

  /** What was taken has been written, all of it: its memory may be used again. */
  outputWritten(): void {
    this.#output.reuse();
  }

  /** What was taken waits in a socket: its memory stays with that. */
  outputKept(): void {
    this.#output.forget();
  }

  /** Does one thing; null when the next one may follow at once. */
  #advance(): Step | null {
    const step = this.#transaction?.continueListing() ?? null;
    if (step !== null) return step;
    if (this.#stopping !== null) {
      this.#output.append(this.#stopping);
      return close('shutdown');
    }
    return this.#transaction === null ? this.#readStranger() : this.#readLine(commandLineOctetsMax);
  }

  /** Before login: bounds first, then the line. */
  #readStranger(): Step | null {
    const pending = this.#reader.peek();
    const inExchange = this.#authorization.inExchange;
    if (pending[0] === tlsHandshake && pending[1] === tlsMajorVersion) {
      return close('wrong-protocol');
    }
    const saslLine = inExchange || beginsWithAuth(pending);
    return this.#readLine(saslLine ? saslLineOctetsMax : commandLineOctetsMax);
  }

  #readLine(octetsMax: number): Step | null {
    const line = this.#reader.next(octetsMax);
    const handled = this.#strangerOctets - this.#reader.bufferedOctets;
    if (this.#transaction === null && handled > inputBeforeLoginOctetsMax) {
      this.#output.append(reply.tooMuchInput);
      return close('too-much-before-login');
    }
    if (line === needData) return needDataStep;
    this.#commands += 1;
    this.#output.beginReply();
    return this.#done(this.#handle(line));
  }

  #handle(line: Uint8Array | typeof overlong): Step | null {
    const { inExchange } = this.#authorization;
    if (!inExchange) this.#verb = 'invalid';
    if (line === overlong) {
      this.#authorization.abandonExchange();
      return this.#unrecognised(reply.lineTooLong);
    }
    if (inExchange) return this.#authorization.respond(line);
    return this.#perform(parseCommand(line));
  }

  #perform(command: Command | Invalid): Step | null {
    if (command.verb === 'http' && this.#transaction === null) return close('wrong-protocol');
    if (command.verb === 'http' || command.verb === 'unrecognised') {
      return this.#unrecognised(reply.unknownCommand);
    }
    this.#unrecognisedInARow = 0;
    if (command.verb === 'bad-arguments') return this.#refuse(reply.badArguments);
    this.#verb = command.verb;
    const transaction = this.#transaction;
    if (transaction === null) {
      return isAllowed(command, 'authorization')
        ? this.#authorize(command)
        : this.#refuse(reply.notLoggedIn);
    }
    if (!isAllowed(command, 'transaction')) return this.#refuse(reply.alreadyLoggedIn);
    if (command.verb === 'CAPA') return this.#authorization.sayCapabilities();
    return transaction.perform(command);
  }

  #authorize(command: AuthorizationCommand): Step | null {
    const step = this.#authorization.perform(command);
    if (step?.kind !== 'effect' || step.effect.kind !== 'start-tls') return step;
    if (this.#reader.bufferedOctets > 0) {
      // Not a command of its own, then, but an attempt to have one run under TLS.
      this.#output.append(reply.inputBehindStls);
      return close('stls-injection');
    }
    this.#output.append(reply.beginTls);
    return step;
  }

  #refuse(text: Uint8Array): null {
    this.#authorization.forgetName();
    this.#output.append(text);
    return null;
  }

  #unrecognised(text: Uint8Array): Step | null {
    this.#unrecognisedInARow += 1;
    const max = this.#transaction === null ? unrecognisedBeforeLoginMax : unrecognisedAfterLoginMax;
    if (this.#unrecognisedInARow < max) return this.#refuse(text);
    this.#output.append(reply.tooManyErrors);
    return close('too-many-errors');
  }

  /** The outcome of this effect has come, or of one of these. */
  #answer(...effects: readonly Effect['kind'][]): void {
    const isAnswer = effects.some((effect) => effect === this.#awaiting);
    assert(isAnswer, 'an outcome answers the outstanding effect');
    this.#awaiting = null;
  }

  /** Writes the command in hand down, unless it goes on: by an effect, or with the next line. */
  #done(step: Step | null): Step | null {
    const goesOn = step?.kind === 'effect' && step.effect.kind !== 'start-tls';
    if (!goesOn && !this.#authorization.inExchange) {
      this.#tally.note(this.#verb, step?.kind !== 'abort' && this.#output.isAcceptance);
    }
    return step;
  }

  /** Remembers what a step means for what may follow it. */
  #leave<S extends Step | null>(step: S): S {
    if (step?.kind === 'effect') this.#awaiting = step.effect.kind;
    if (step?.kind === 'close' || step?.kind === 'abort') {
      this.#ended = step;
      this.#reader = newReader();
    }
    if (step?.kind === 'abort') this.#output.clear();
    return step;
  }
}

/** Tells an AUTH line before it is complete: it may be longer than others. */
function beginsWithAuth(pending: Uint8Array): boolean {
  let at = 0;
  for (const letter of authKeyword) {
    if (upperCase(pending[at] ?? 0) !== letter) return false;
    at += 1;
  }
  return true;
}
