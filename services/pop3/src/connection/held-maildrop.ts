/**
 * The maildrop of one connection: opened by a login, worked on by the effects of its session, given
 * back once, by QUIT's update or by whatever else ends the connection.
 *
 * Never: a lock that nobody gives back; one that is given back while QUIT's update needs it.
 */

import type { Effect, Outcome } from '@poplar/protocol';
import type { FrontEnd } from '../front-end.ts';
import type { OpenMaildrop } from '../login/contract.ts';
import type { Connection } from './connection.ts';
import { letterOf, sendMessage, update } from './perform.ts';
import type { ReadAhead } from './read-ahead.ts';
import type { SessionSink } from './session-sink.ts';

export type StoreEffect = Exclude<Effect, { kind: 'start-tls' }>;

export interface HeldMaildropParts {
  readonly frontEnd: FrontEnd;
  readonly connection: Connection;
  readonly readAhead: ReadAhead;
  readonly sink: SessionSink;
}

export class HeldMaildrop {
  readonly #parts: HeldMaildropParts;
  #maildrop: OpenMaildrop | null = null;

  constructor(parts: HeldMaildropParts) {
    this.#parts = parts;
  }

  /** The fence of its lock; null before login and once QUIT has taken over. */
  get token(): string | null {
    return this.#maildrop?.token ?? null;
  }

  async outcomeOf(effect: StoreEffect): Promise<Outcome> {
    const { frontEnd, connection, readAhead, sink } = this.#parts;
    const { backends } = frontEnd;
    const startedAtMs = frontEnd.nowMs();
    if (effect.kind !== 'update' && effect.kind !== 'send-message') {
      const performed = await connection.login.perform(effect);
      // First of all: from here on whatever happens gives the lock back.
      this.#maildrop = performed.maildrop;
      connection.address = performed.maildrop?.address ?? null;
      frontEnd.loginTried(connection, performed, startedAtMs);
      return performed.outcome;
    }
    const maildrop = this.#maildrop;
    if (maildrop === null) throw new Error('an effect of TRANSACTION without a maildrop');
    if (effect.kind === 'update') {
      // From here on the lock is the update's to release, also when the client leaves.
      this.#maildrop = null;
      const outcome = await update(backends, maildrop, effect.marked);
      if (outcome.kind === 'updated' && effect.marked.length > 0) {
        connection.flaggedMessages = effect.marked.length;
        frontEnd.updated(connection, startedAtMs);
      }
      return outcome;
    }
    return sendMessage(backends, letterOf(maildrop, readAhead, effect), sink);
  }

  /** Nothing marked is removed. */
  release(): void {
    const maildrop = this.#maildrop;
    if (maildrop === null) return;
    this.#maildrop = null;
    void this.#parts.frontEnd.backends.store.close(maildrop.mailboxId, maildrop.token);
  }
}
