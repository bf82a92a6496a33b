/**
 * The pump between a wire and the protocol's session: services/pop3/src/connection/connection.ts
 * and perform.ts without sockets, TLS and deadlines. Services may not be imported here, so what
 * these few lines do is a copy; the session and the store are the real ones.
 *
 * Never: a lock kept by a connection that is over.
 */

import {
  type Effect,
  type MessageIndex,
  type Outcome,
  passwordLogins,
  Session,
} from '@poplar/protocol';
import type { OpenMaildrop, Pop3Worker } from './pop3-worker.ts';
import type { Serving, Wire } from './wire.ts';

const options = {
  ...passwordLogins,
  hostname: 'pop.example.org',
  implementation: 'Poplar',
  tls: false,
  stlsOffered: false,
  cleartextAllowed: true,
};

/** How long it takes to find out that a client does not answer. */
const probeMs = 1_500;

export class Pop3Connection implements Serving {
  maildrop: OpenMaildrop | null = null;
  /** Of the maildrop it has, or had. */
  token: string | null = null;
  readonly #worker: Pop3Worker;
  readonly #wire: Wire;
  readonly #session = new Session(options);
  #isWorking = false;
  #inputHasEnded = false;
  #isClosed = false;

  constructor(worker: Pop3Worker, wire: Wire) {
    this.#worker = worker;
    this.#wire = wire;
    this.#session.greet();
    this.#advance();
  }

  received(octets: Uint8Array): void {
    if (this.#isClosed) return;
    this.#session.receive(octets);
    this.#advance();
  }

  inputEnded(): void {
    this.#inputHasEnded = true;
    this.#advance();
  }

  over(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#worker.connections.delete(this);
    this.#releaseMaildrop();
  }

  /** Its lock is void, or it is not wanted any more. */
  shutDown(): void {
    this.#session.shutdown();
    this.#advance();
  }

  /** Somebody else wants the maildrop: is the client still there? */
  async giveWay(): Promise<void> {
    await this.#worker.pauseFor(probeMs);
    if (this.#wire.isDeserted) this.over();
  }

  #advance(): void {
    if (this.#isWorking || this.#isClosed) return;
    for (;;) {
      const step = this.#session.next();
      for (const part of this.#session.takeOutput()) this.#wire.say(part);
      switch (step.kind) {
        case 'need-data':
          if (this.#inputHasEnded) this.#end();
          return;
        case 'flush':
          break;
        case 'effect':
          this.#isWorking = true;
          void this.#settle(step.effect);
          return;
        case 'close':
        case 'abort':
          this.#end();
          return;
      }
    }
  }

  async #settle(effect: Effect): Promise<void> {
    const outcome = await this.#outcomeOf(effect);
    this.#isWorking = false;
    if (this.#isClosed) {
      this.#releaseMaildrop();
      return;
    }
    this.#session.resume(outcome);
    this.#advance();
  }

  async #outcomeOf(effect: Effect): Promise<Outcome> {
    if (effect.kind === 'authenticate') {
      const result = await this.#worker.open(effect.attempt.authenticationId, this);
      if (typeof result === 'string') return { kind: 'refused', refusal: result };
      this.maildrop = result;
      this.token = result.token;
      return { kind: 'opened', listing: result.snapshot };
    }
    const { maildrop } = this;
    if (effect.kind !== 'update' || maildrop === null) throw new Error(`effect ${effect.kind}`);
    // From here on the lock is the update's to release, also when the client leaves.
    this.maildrop = null;
    return this.#update(maildrop, effect.marked);
  }

  async #update(maildrop: OpenMaildrop, marked: readonly MessageIndex[]): Promise<Outcome> {
    const { store, history } = this.#worker;
    const { mailboxId, token, snapshot } = maildrop;
    history.ending(token);
    if (marked.length === 0) {
      await store.close(mailboxId, token);
      history.ended(token);
      return { kind: 'updated' };
    }
    const messageIds = marked.map((index) => snapshot.messageIds[index] ?? 0n);
    let isFlagged = false;
    try {
      const flagged = await store.flag({ mailboxId, token, messageIds });
      isFlagged = flagged.kind === 'flagged';
      if (!isFlagged) history.lockLost(token);
    } catch {
      await store.close(mailboxId, token);
    }
    history.ended(token);
    return { kind: isFlagged ? 'updated' : 'not-updated' };
  }

  #end(): void {
    this.#isClosed = true;
    this.#wire.closed();
    this.#worker.connections.delete(this);
    this.#releaseMaildrop();
  }

  #releaseMaildrop(): void {
    const { maildrop } = this;
    if (maildrop === null) return;
    this.maildrop = null;
    void this.#worker.release(maildrop.mailboxId, maildrop.token);
  }
}
