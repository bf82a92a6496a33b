/**
 * A client of a mixed day: mostly it polls, sometimes over TLS, sometimes there is something new, and
 * mail keeps coming in. What comes next is chance, but the same chance on every run.
 *
 * Never: a kind of operation that disturbs what another one counts on: each has mailboxes of its own.
 */

import { Chance } from '../chance.ts';
import type { Client } from '../client.ts';
import { type LoadOrder, type MixedKind, mixedKinds } from '../order.ts';
import { ChurnClient, DeliveryClient } from './delivery.ts';
import { PollClient } from './poll.ts';

export class MixedClient implements Client {
  readonly warmUps: number;
  did: string = 'poll';
  readonly #clients: Readonly<Record<MixedKind, Client>>;
  readonly #weights: Readonly<Record<MixedKind, number>>;
  readonly #chance: Chance;
  #warmed = 0;

  /** Needs four mailboxes at least. */
  constructor(
    order: LoadOrder,
    mailboxes: readonly number[],
    weights: Readonly<Record<MixedKind, number>>,
  ) {
    const [fetched = 0, filled = 0, secret = 0, ...polled] = mailboxes;
    this.#clients = {
      poll: new PollClient(order, polled, { tls: false, pipelined: false }),
      'poll-tls': new PollClient(order, [secret], { tls: true, pipelined: false }),
      fetch: new ChurnClient(order, [fetched]),
      delivery: new DeliveryClient(order, [filled]),
    };
    this.#weights = weights;
    this.#chance = new Chance(fetched + 1);
    this.warmUps = mixedKinds.reduce((sum, kind) => sum + this.#clients[kind].warmUps, 0);
  }

  async prepare(): Promise<void> {
    for (const kind of mixedKinds) await this.#clients[kind].prepare();
  }

  once(): Promise<number> {
    const kind = this.#warmed < this.warmUps ? this.#nextToWarm() : this.#drawn();
    this.did = kind;
    return this.#clients[kind].once();
  }

  async end(): Promise<void> {
    for (const kind of mixedKinds) await this.#clients[kind].end();
  }

  /** Everything once, before what is measured. */
  #nextToWarm(): MixedKind {
    let left = this.#warmed;
    this.#warmed += 1;
    for (const kind of mixedKinds) {
      if (left < this.#clients[kind].warmUps) return kind;
      left -= this.#clients[kind].warmUps;
    }
    return 'poll';
  }

  #drawn(): MixedKind {
    let left = this.#chance.next();
    for (const kind of mixedKinds) {
      left -= this.#weights[kind];
      if (left < 0) return kind;
    }
    return 'poll';
  }
}
