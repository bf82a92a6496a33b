/**
 * Clients that change mail: one delivers over LMTP, one delivers a message to a mailbox, then fetches and
 * deletes it there.
 *
 * Never: a message that is read and is not the size that LIST said.
 */

import { type Client, dotLineOctets, logIn, lookInto, octetsListed, ok, quit } from '../client.ts';
import { deliver } from '../lmtp-lines.ts';
import type { LoadOrder } from '../order.ts';
import { LoadFault } from '../reply-reader.ts';

export class DeliveryClient implements Client {
  readonly warmUps: number;
  readonly #order: LoadOrder;
  readonly #mailboxes: readonly number[];
  readonly #recipients: number;
  #next = 0;

  constructor(order: LoadOrder, mailboxes: readonly number[], recipients = 1) {
    this.#order = order;
    this.#mailboxes = mailboxes;
    this.#recipients = recipients;
    this.warmUps = Math.ceil(mailboxes.length / recipients);
  }

  async prepare(): Promise<void> {}

  async once(): Promise<number> {
    const { length } = this.#mailboxes;
    if (length < this.#recipients) return 0;
    const chosen: number[] = [];
    while (chosen.length < this.#recipients) {
      chosen.push(this.#mailboxes[this.#next % length] ?? 0);
      this.#next += 1;
    }
    await deliver(this.#order, chosen);
    return 1;
  }

  async end(): Promise<void> {}
}

export class ChurnClient implements Client {
  readonly warmUps: number;
  readonly #order: LoadOrder;
  readonly #mailboxes: readonly number[];
  /** Of what is delivered. */
  readonly #stuffedDots: number;
  #next = 0;

  constructor(order: LoadOrder, mailboxes: readonly number[]) {
    this.#order = order;
    this.#mailboxes = mailboxes;
    this.warmUps = mailboxes.length;
    this.#stuffedDots = (order.content.match(/^\.\./gm) ?? []).length;
  }

  prepare(): Promise<void> {
    return lookInto(this.#order, this.#mailboxes);
  }

  async once(): Promise<number> {
    const mailbox = this.#mailboxes[this.#next % this.#mailboxes.length];
    this.#next += 1;
    if (mailbox === undefined) return 0;
    await deliver(this.#order, [mailbox]);
    await this.#fetch(mailbox);
    return 1;
  }

  async end(): Promise<void> {}

  /** The new message is the last: it is read and deleted, the others stay. */
  async #fetch(mailbox: number): Promise<void> {
    const number = this.#order.mailboxes.messages + 1;
    const talk = await logIn(this.#order, mailbox);
    await talk.ask('STAT\r\n', [ok]);
    if (!(talk.replies[0]?.line ?? '').startsWith(`+OK ${number} `)) {
      throw new LoadFault(`${number} messages were due: ${talk.replies[0]?.line}`);
    }
    await talk.ask('UIDL\r\n', [{ ...ok, body: { octets: null, lines: number } }]);
    await talk.ask('LIST\r\n', [{ ...ok, body: { octets: null, lines: number, keep: true } }]);
    const listed = octetsListed(talk.replies[0]?.text ?? '', number);
    const octets = listed + this.#stuffedDots + dotLineOctets;
    await talk.ask(`RETR ${number}\r\n`, [{ ...ok, body: { octets, lines: null } }]);
    await talk.ask(`DELE ${number}\r\n`, [ok]);
    await quit(talk);
  }
}
