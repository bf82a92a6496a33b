/**
 * A client that polls: it connects, logs in, asks for STAT and UIDL, finds nothing new and quits. The
 * number of messages, their octets and every octet of the listing have to be the same each time.
 *
 * Never: two sessions at once on one mailbox.
 */

import { type Client, dotLineOctets, logIn, messagesIn, ok, quit } from '../client.ts';
import { deliver } from '../lmtp-lines.ts';
import { addressOf, type LoadOrder, nextNode } from '../order.ts';
import { type Expected, LoadFault } from '../reply-reader.ts';
import { Talk } from '../talk.ts';

interface PollOptions {
  readonly tls: boolean;
  /** Everything behind the greeting in one write. */
  readonly pipelined: boolean;
  readonly visits?: 'cold' | 'once';
}

export class PollClient implements Client {
  readonly warmUps: number;
  readonly #order: LoadOrder;
  readonly #options: PollOptions;
  readonly #mailboxes: readonly number[];
  readonly #stat: Expected;
  /** Octets of each mailbox's UIDL listing, from the first time on. */
  readonly #uidlOctets = new Map<number, number>();
  #next = 0;

  constructor(order: LoadOrder, mailboxes: readonly number[], options: PollOptions) {
    const { messages, octets } = order.mailboxes;
    this.#order = order;
    this.#options = options;
    this.#mailboxes = mailboxes;
    // Twice: what a server finds out about a maildrop it may write down for the next time.
    this.warmUps = options.visits === undefined ? 2 * mailboxes.length : 0;
    this.#stat = { status: '+OK', line: `+OK ${messages} ${messages * octets}` };
  }

  async prepare(): Promise<void> {}

  async once(): Promise<number> {
    if (this.#options.visits === 'once' && this.#next >= this.#mailboxes.length) return 0;
    const mailbox = this.#mailboxes[this.#next % this.#mailboxes.length] ?? 0;
    this.#next += 1;
    const { process: source, mailboxes, secret } = this.#order;
    const ports = nextNode(this.#order);
    const { tls, pipelined } = this.#options;
    const talk = await Talk.connect({ port: tls ? ports.pop3s : ports.pop3, tls, source }, ok);
    const octets = this.#uidlOctets.get(mailbox) ?? null;
    // The lines are counted the first time; afterwards every octet has to be there again.
    const lines = octets === null ? mailboxes.messages : null;
    const steps: readonly (readonly [string, Expected])[] = [
      [`USER ${addressOf(mailboxes, mailbox)}\r\n`, ok],
      [`PASS ${secret}\r\n`, ok],
      ['STAT\r\n', this.#stat],
      ['UIDL\r\n', { status: '+OK', body: { octets, lines } }],
      ['QUIT\r\n', ok],
    ];
    if (pipelined) {
      await talk.ask(
        steps.map(([line]) => line).join(''),
        steps.map(([, due]) => due),
      );
      this.#learn(mailbox, talk.replies[3]?.octets);
    } else {
      for (const [line, due] of steps) {
        await talk.ask(line, [due]);
        if (line === 'UIDL\r\n') this.#learn(mailbox, talk.replies[0]?.octets);
      }
    }
    await talk.closed();
    return 1;
  }

  async end(): Promise<void> {}

  #learn(mailbox: number, octets = 0): void {
    if (this.#options.visits === undefined && !this.#uidlOctets.has(mailbox)) {
      this.#uidlOctets.set(mailbox, octets);
    }
  }
}

/** A message is delivered, then the maildrop, now different, is opened and listed. */
export class ChangedPollClient implements Client {
  readonly warmUps = 1;
  readonly #order: LoadOrder;
  readonly #mailbox: number;
  #messages = 0;

  constructor(order: LoadOrder, mailboxes: readonly number[]) {
    this.#order = order;
    this.#mailbox = mailboxes[0] ?? 0;
  }

  async prepare(): Promise<void> {
    this.#messages = await messagesIn(this.#order, this.#mailbox);
  }

  async once(): Promise<number> {
    await deliver(this.#order, [this.#mailbox]);
    this.#messages += 1;
    const talk = await logIn(this.#order, this.#mailbox);
    const body = { octets: null, lines: this.#messages };
    await talk.ask('UIDL\r\n', [{ status: '+OK', body }]);
    if ((talk.replies[0]?.octets ?? 0) < this.#messages * dotLineOctets) {
      throw new LoadFault('UIDL lines without UIDL');
    }
    await quit(talk);
    return 1;
  }

  async end(): Promise<void> {}
}
