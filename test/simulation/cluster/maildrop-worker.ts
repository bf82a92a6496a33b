/**
 * The worker that takes mail in and purges: services/maildrop without sockets. The LMTP session and
 * the store are the real ones.
 */

import {
  type LmtpEffect,
  type LmtpOutcome,
  LmtpSession,
  OctetBudget,
  recipientPrefix,
} from '@poplar/protocol';
import { type MailboxId, openStore, type Store } from '@poplar/store';
import type { Database } from '../database/database.ts';
import type { Stage } from '../stage.ts';
import { Process } from './process.ts';
import { type Serving, Wire } from './wire.ts';

const messageOctetsMax = 100_000;

export class MaildropWorker extends Process {
  readonly store: Store;
  readonly #stageOfWires: Stage;
  readonly #wires = new Set<Wire>();

  constructor(stage: Stage, database: Database, name: string) {
    super(stage, database, name);
    this.#stageOfWires = stage;
    this.store = openStore({ databaseUrl: 'simulated', world: this.world });
  }

  accept(): Wire {
    const wire = new Wire(this.#stageOfWires, this.actor);
    wire.serving = new LmtpConnection(this.store, wire);
    this.#wires.add(wire);
    return wire;
  }

  override kill(): void {
    super.kill();
    for (const wire of this.#wires) wire.closed();
  }

  async purgeForEver(everyMs: number): Promise<never> {
    for (;;) {
      await this.pauseFor(everyMs);
      // A round that fails is tried again.
      await this.store.purge().catch(() => undefined);
    }
  }
}

class LmtpConnection implements Serving {
  readonly #store: Store;
  readonly #wire: Wire;
  readonly #session = new LmtpSession<MailboxId>({
    hostname: 'lmtp.example.org',
    messageOctetsMax,
    budget: new OctetBudget(messageOctetsMax),
    offerStartTls: false,
  });
  #isWorking = false;
  #isClosed = false;

  constructor(store: Store, wire: Wire) {
    this.#store = store;
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
    this.over();
  }

  over(): void {
    this.#isClosed = true;
    this.#session.abandon();
  }

  #advance(): void {
    if (this.#isWorking || this.#isClosed) return;
    for (;;) {
      const step = this.#session.next();
      for (const part of this.#session.takeOutput()) this.#wire.say(part);
      if (step.kind === 'need-data') return;
      if (step.kind === 'effect') {
        this.#isWorking = true;
        void this.#settle(step.effect);
        return;
      }
      if (step.kind !== 'flush') {
        this.#isClosed = true;
        this.#wire.closed();
        return;
      }
    }
  }

  async #settle(effect: LmtpEffect<MailboxId>): Promise<void> {
    const outcome = await this.#outcomeOf(effect);
    this.#isWorking = false;
    this.#session.resume(outcome);
    if (this.#isClosed) this.#session.abandon();
    this.#advance();
  }

  async #outcomeOf(effect: LmtpEffect<MailboxId>): Promise<LmtpOutcome<MailboxId>> {
    if (effect.kind === 'resolve-recipient') {
      const mailbox = effect.address.slice(0, effect.address.indexOf('@')) as MailboxId;
      return { kind: 'accepted', mailbox };
    }
    if (effect.kind !== 'deliver') throw new Error(`effect ${effect.kind}`);
    const { envelope, message } = effect;
    const { from, recipients } = envelope;
    try {
      const { delivered } = await this.#store.deliver({
        deliveries: recipients.map(({ address, mailbox }) => ({
          mailboxId: mailbox,
          prefix: recipientPrefix(from, address),
        })),
        pieces: message.pieces,
        octets: message.octets,
        headerOctets: message.headerOctets,
      });
      const results = delivered.map((result) =>
        result === 'delivered' ? ('delivered' as const) : ('temporary' as const),
      );
      return { kind: 'delivered', id: 'x', results };
    } catch {
      return { kind: 'delivered', id: 'x', results: recipients.map(() => 'temporary' as const) };
    }
  }
}
