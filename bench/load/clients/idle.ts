/**
 * A client that logs in, asks for STAT and stays: what its session weighs is what is measured.
 *
 * Never: a word after that but QUIT.
 */

import { type Client, logIn, ok, quit } from '../client.ts';
import type { LoadOrder } from '../order.ts';
import type { Talk } from '../talk.ts';

export class IdleClient implements Client {
  readonly warmUps = 0;
  readonly #order: LoadOrder;
  readonly #mailbox: number;
  readonly #tls: boolean;
  #talk: Talk | null = null;

  constructor(order: LoadOrder, mailboxes: readonly number[], tls: boolean) {
    this.#order = order;
    this.#mailbox = mailboxes[0] ?? 0;
    this.#tls = tls;
  }

  async prepare(): Promise<void> {
    const { messages, octets } = this.#order.mailboxes;
    this.#talk = await logIn(this.#order, this.#mailbox, this.#tls);
    await this.#talk.ask('STAT\r\n', [{ ...ok, line: `+OK ${messages} ${messages * octets}` }]);
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
