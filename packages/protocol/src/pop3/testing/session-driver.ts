/**
 * Runs a POP3 session without a connection: a small real pump over maildrops in memory. What the
 * session asks for is done at once, unless the test holds an effect back to answer it itself.
 *
 * Never: imported by anything but tests.
 */

import type { Attempt, Effect, MessageIndex, Outcome, Step } from '../effects.ts';
import { passwordLogins, type Secured } from '../login-policy.ts';
import { Session, type SessionOptions } from '../session.ts';
import { type MemoryMaildrop, type MemoryMessage, octetsOf, textOf } from './memory-maildrop.ts';

export interface Account {
  /** One character an octet. */
  readonly secret: string;
  readonly maildrop: MemoryMaildrop;
}

type Refused = Extract<Outcome, { kind: 'refused' }>;

/** Who may log in, for tests of more than passwords. */
export interface Directory {
  /** The name of the account to open, or why there is none. */
  verify(attempt: Attempt): string | Refused;
  begin(effect: Extract<Effect, { kind: 'scram-begin' }>): Outcome;
  prove(effect: Extract<Effect, { kind: 'scram-prove' }>): Outcome;
}

export interface DriverOptions {
  readonly session?: Partial<SessionOptions>;
  /** By login name. */
  readonly accounts?: ReadonlyMap<string, Account>;
  /** Passwords of the accounts alone by default. */
  readonly directory?: Directory;
  /** How large the pieces of a message are; large by default. */
  readonly pieceOctets?: number;
  /** Effects the test answers itself, by `answer` or `upgrade`. */
  readonly hold?: (effect: Effect) => boolean;
  /** Called with each output that was taken, before it is joined. */
  readonly onOutput?: (parts: readonly Uint8Array[]) => void;
}

const wrong: Refused = { kind: 'refused', refusal: 'credentials' };

const sessionDefaults: SessionOptions = {
  ...passwordLogins,
  hostname: 'pop.example.org',
  implementation: 'Poplar',
  tls: true,
  stlsOffered: false,
  cleartextAllowed: false,
};

export class SessionDriver {
  readonly session: Session;
  /** The step that ended the session. */
  ended: Extract<Step, { kind: 'close' | 'abort' }> | null = null;
  /** The effect that was held back and is not answered yet. */
  held: Effect | null = null;
  /** Every login that was tried. */
  readonly attempts: Attempt[] = [];
  readonly #options: DriverOptions;
  readonly #pieceOctets: number;
  readonly #directory: Directory;
  #maildrop: MemoryMaildrop | null = null;
  /** The messages as they were when the maildrop was opened. */
  #opened: readonly MemoryMessage[] = [];
  #output: string[] = [];
  #isWritten = false;

  constructor(options: DriverOptions = {}) {
    this.#options = options;
    this.#directory = options.directory ?? passwordsOf(options.accounts ?? new Map());
    this.#pieceOctets = options.pieceOctets ?? 64 * 1024;
    this.session = new Session({ ...sessionDefaults, ...options.session });
  }

  /** Says the greeting and returns it. */
  greet(): string {
    this.session.greet();
    return this.#run();
  }

  /** Gives input and returns what was said to it. Text is one character an octet. */
  send(input: string | Uint8Array): string {
    this.session.receive(typeof input === 'string' ? octetsOf(input) : input);
    return this.#run();
  }

  /** Gives input cut into pieces of one octet each. */
  sendOctetByOctet(input: string): string {
    let said = '';
    for (const octet of octetsOf(input)) said += this.send(Uint8Array.of(octet));
    return said;
  }

  /** Asks the session to end. */
  shutdown(): string {
    this.session.shutdown();
    return this.#run();
  }

  /** Answers the held effect. */
  answer(...outcomes: readonly Outcome[]): string {
    this.held = null;
    for (const outcome of outcomes) this.session.resume(outcome);
    return this.#run();
  }

  /** Answers the held start of TLS. */
  upgrade(secured?: Secured): string {
    this.held = null;
    this.session.upgraded(secured);
    return this.#run();
  }

  /** Calls `next` until the session waits. */
  #run(): string {
    for (;;) {
      const step = this.session.next();
      if (step.kind !== 'abort') this.#take();
      if (step.kind === 'need-data') break;
      if (step.kind === 'close' || step.kind === 'abort') {
        this.ended = step;
        if (this.#maildrop !== null) this.#maildrop.locked = false;
        break;
      }
      if (step.kind === 'effect') this.#perform(step.effect);
    }
    const said = this.#output.join('');
    this.#output = [];
    return said;
  }

  #take(): void {
    const parts = this.session.takeOutput();
    this.#options.onOutput?.(parts);
    for (const part of parts) this.#output.push(textOf(part));
    // Now the client has it, now it waits: what is said next must not depend on it.
    this.#isWritten = !this.#isWritten;
    if (this.#isWritten) this.session.outputWritten();
    else this.session.outputKept();
  }

  #perform(effect: Effect): void {
    if (this.#options.hold?.(effect) === true) {
      this.held = effect;
      return;
    }
    switch (effect.kind) {
      case 'authenticate':
        this.session.resume(this.#authenticate(effect.attempt));
        return;
      case 'scram-begin':
        this.session.resume(this.#directory.begin(effect));
        return;
      case 'scram-prove':
        this.session.resume(this.#directory.prove(effect));
        return;
      case 'start-tls':
        this.session.upgraded();
        return;
      case 'send-message':
        this.#send(effect.index);
        return;
      case 'update':
        this.session.resume(this.#update(effect.marked));
        return;
    }
  }

  #authenticate(attempt: Attempt): Outcome {
    this.attempts.push(attempt);
    const verified = this.#directory.verify(attempt);
    if (typeof verified !== 'string') return verified;
    const account = this.#options.accounts?.get(verified);
    if (account === undefined) return wrong;
    if (account.maildrop.locked) return { kind: 'refused', refusal: 'in-use' };
    account.maildrop.locked = true;
    this.#maildrop = account.maildrop;
    this.#opened = account.maildrop.messages;
    return { kind: 'opened', listing: account.maildrop.listing() };
  }

  #send(index: MessageIndex): void {
    const message = this.#opened[index];
    if (message === undefined || this.#maildrop?.messages.includes(message) !== true) {
      this.session.resume({ kind: 'message-gone' });
      return;
    }
    this.session.resume({ kind: 'message-begins' });
    const wire = octetsOf(message.wire);
    for (let at = 0; at < wire.length; at += this.#pieceOctets) {
      if (!this.session.piece(wire.slice(at, at + this.#pieceOctets))) break;
      this.#take();
    }
    this.session.resume({ kind: 'message-ends' });
  }

  #update(marked: readonly MessageIndex[]): Outcome {
    const gone = new Set<MemoryMessage>();
    for (const [index, message] of this.#opened.entries()) {
      if (marked.some((one) => one === index)) gone.add(message);
    }
    this.#maildrop?.remove(gone);
    return { kind: 'updated' };
  }
}

/** Passwords, and nobody may act as another. */
export function passwordsOf(accounts: ReadonlyMap<string, Account>): Directory {
  return {
    verify(attempt) {
      const { authenticationId, authorizationId } = attempt;
      const secret = accounts.get(authenticationId)?.secret;
      const asOther = !['', authenticationId].includes(authorizationId);
      if (attempt.kind !== 'password' || secret === undefined || asOther) return wrong;
      return textOf(attempt.secret) === secret ? authenticationId : wrong;
    },
    begin: () => wrong,
    prove: () => wrong,
  };
}
