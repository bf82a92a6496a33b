/**
 * A POP3 session in memory, run by the smallest pump there can be: output is dropped, effects are answered
 * at once, and a message is one piece.
 *
 * Never: an allocation of its own for each line; what is measured is the session's.
 */

import {
  CommandTally,
  type Listing,
  type Outcome,
  passwordLogins,
  Session,
} from '@poplar/protocol';

const identityOctets = 24;

/** A maildrop of messages that are all this one. */
export class Drop {
  readonly listing: Listing;
  readonly message: Uint8Array;

  constructor(messages: number, message: Uint8Array) {
    this.message = message;
    this.listing = {
      count: messages,
      totalOctets: messages * message.length,
      octets: new Float64Array(messages).fill(message.length),
      wireOctets: new Float64Array(messages).fill(message.length),
      headerOctets: new Float64Array(messages).fill(0),
      identities: new Uint8Array(messages * identityOctets).fill(7),
      storedUidls: new Map(),
    };
  }
}

/** One for all sessions of a thread, as the front end has it. */
const tally = new CommandTally();

const begins: Outcome = { kind: 'message-begins' };
const ends: Outcome = { kind: 'message-ends' };
const updated: Outcome = { kind: 'updated' };

export class SessionRun {
  readonly #session: Session;
  readonly #drop: Drop;
  readonly #opened: Outcome;

  constructor(drop: Drop) {
    this.#drop = drop;
    this.#opened = { kind: 'opened', listing: drop.listing };
    this.#session = new Session({
      ...passwordLogins,
      hostname: 'pop.example.org',
      implementation: 'Poplar',
      tls: true,
      stlsOffered: false,
      cleartextAllowed: false,
      tally,
    });
    this.#session.greet();
  }

  /** Everything that was said to it, in octets; throws if the session was lost. */
  give(input: Uint8Array): number {
    const session = this.#session;
    session.receive(input);
    let octets = 0;
    for (;;) {
      const step = session.next();
      for (const part of session.takeOutput()) octets += part.length;
      if (step.kind === 'need-data' || step.kind === 'close') return octets;
      if (step.kind === 'abort') throw new Error(`the session was lost: ${step.reason}`);
      if (step.kind !== 'effect') continue;
      switch (step.effect.kind) {
        case 'authenticate':
          session.resume(this.#opened);
          break;
        case 'send-message':
          session.resume(begins);
          session.piece(this.#drop.message);
          session.resume(ends);
          break;
        case 'update':
          session.resume(updated);
          break;
        default:
          throw new Error(`nobody answers ${step.effect.kind}`);
      }
    }
  }
}
