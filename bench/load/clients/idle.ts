/**
 * A client that connects, goes as far as it is told and stays: what its session weighs is what is
 * measured.
 *
 * Never: a word after that but QUIT; a session that is gone and counts.
 */

import { type Client, listingOctets, logIn, ok, quit } from '../client.ts';
import { type IdleAfter, type LoadOrder, nextNode } from '../order.ts';
import { Talk } from '../talk.ts';

interface IdleOptions {
  readonly tls: boolean;
  readonly after: IdleAfter;
}

export class IdleClient implements Client {
  readonly warmUps = 0;
  readonly #order: LoadOrder;
  readonly #mailbox: number;
  readonly #options: IdleOptions;
  #talk: Talk | null = null;

  constructor(order: LoadOrder, mailboxes: readonly number[], options: IdleOptions) {
    this.#order = order;
    this.#mailbox = mailboxes[0] ?? 0;
    this.#options = options;
  }

  async prepare(): Promise<void> {
    const { tls, after } = this.#options;
    if (after === 'greeting') {
      const { process: source } = this.#order;
      const { pop3, pop3s } = nextNode(this.#order);
      this.#talk = await Talk.connect({ port: tls ? pop3s : pop3, tls, source }, ok);
      return;
    }
    const { messages, octets } = this.#order.mailboxes;
    this.#talk = await logIn(this.#order, this.#mailbox, tls);
    await this.#talk.ask('STAT\r\n', [{ ...ok, line: `+OK ${messages} ${messages * octets}` }]);
    if (after === 'stat') return;
    const lines = messages;
    await this.#talk.ask('LIST\r\n', [
      { ...ok, body: { octets: listingOctets(messages, octets), lines } },
    ]);
    await this.#talk.ask('UIDL\r\n', [{ ...ok, body: { octets: null, lines } }]);
  }

  /** There is nothing to do. */
  async once(): Promise<number> {
    return 0;
  }

  /** Still there, after all that time. */
  async end(): Promise<void> {
    if (this.#talk !== null) await quit(this.#talk);
  }
}
