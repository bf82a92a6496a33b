/**
 * Mailboxes for a node of ours, filled through the store as deliveries would: one message for all of them
 * in one transaction, or many messages for one at the same time.
 *
 * Every mailbox has the same app password, because the first login of 10,000 mailboxes would otherwise be
 * 10,000 slow hashes; what is measured is what comes after the first.
 */

import { makeAppPassword } from '@poplar/identity';
import { toWireMessage } from '@poplar/protocol';
import {
  type DeliverRequest,
  importRowsMax,
  type MailboxId,
  openStore,
  type Store,
} from '@poplar/store';
import { type Corpus, domain } from '../corpus.ts';
import { addressOf, type Mailboxes } from '../load/order.ts';

/** Copies of a message in one transaction. */
const copiesAtOnce = 200;
/** Octets of the copies of one transaction. */
const octetsAtOnce = 16 * 1024 * 1024;
/** Deliveries to one mailbox that are sent without waiting for the one before. */
const deliveriesAtOnce = 16;

export class PoplarCorpus {
  readonly #store: Store;
  readonly #password = makeAppPassword();
  #hasDomain = false;

  constructor(databaseUrl: string) {
    this.#store = openStore({ databaseUrl, applicationName: 'poplar bench' });
  }

  get secret(): string {
    return this.#password.text;
  }

  async fill({ mailboxes, content }: Corpus): Promise<void> {
    if (!this.#hasDomain) await this.#store.directory.addDomain({ name: domain });
    this.#hasDomain = true;
    const ids = await this.#addMailboxes(mailboxes);
    const wire = toWireMessage(new TextEncoder().encode(content));
    const { pieces, octets, headerOctets } = wire;
    const requestOf = (some: readonly MailboxId[]): DeliverRequest => ({
      deliveries: some.map((mailboxId) => ({ mailboxId, prefix: new Uint8Array(0) })),
      pieces,
      octets,
      headerOctets,
    });
    const copies = Math.min(copiesAtOnce, Math.max(1, Math.floor(octetsAtOnce / octets)));
    const requests: DeliverRequest[] = [];
    for (let from = 0; from < ids.length; from += copies) {
      requests.push(requestOf(ids.slice(from, from + copies)));
    }
    for (const request of requests) await this.#repeat(request, mailboxes.messages);
  }

  end(): Promise<void> {
    return this.#store.end();
  }

  async #addMailboxes(mailboxes: Mailboxes): Promise<MailboxId[]> {
    const { stored } = this.#password;
    const ids: MailboxId[] = [];
    for (let from = 0; from < mailboxes.count; from += importRowsMax) {
      const count = Math.min(importRowsMax, mailboxes.count - from);
      const addresses = Array.from({ length: count }, (_, i) => addressOf(mailboxes, from + i));
      const rows = addresses.map((address) => ({ address, stored }));
      const outcomes = await this.#store.credentials.import(rows, { create: true });
      const failed = outcomes.find((outcome) => outcome !== 'created');
      if (failed !== undefined) throw new Error(`a mailbox was not made: ${failed}`);
      const found = await Promise.all(addresses.map((one) => this.#store.findRecipient(one)));
      for (const recipient of found) {
        if (recipient.kind !== 'mailbox') throw new Error(`a mailbox is ${recipient.kind}`);
        ids.push(recipient.mailboxId);
      }
    }
    return ids;
  }

  async #repeat(request: DeliverRequest, times: number): Promise<void> {
    let left = times;
    const work = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const { delivered } = await this.#store.deliver(request);
        const failed = delivered.find((outcome) => outcome !== 'delivered');
        if (failed !== undefined) throw new Error(`not delivered: ${failed}`);
      }
    };
    await Promise.all(Array.from({ length: Math.min(deliveriesAtOnce, times) }, work));
  }
}
