/**
 * A client whose maildrops get mail and lose it again: some of them at a time get so many messages, each
 * delivered to all of those at once, then a session in each deletes them. An operation is a message that has come and
 * gone; the mail that stood there stays.
 *
 * Never: a message that counts before the QUIT that removes it was answered.
 */

import { type Client, logIn, ok, quit } from '../client.ts';
import { deliver } from '../lmtp-lines.ts';
import type { LoadOrder } from '../order.ts';
import { LoadFault } from '../reply-reader.ts';

/** Maildrops that get their mail together. */
const recipientsAtOnce = 10;

export class TurnoverClient implements Client {
  readonly warmUps = 0;
  readonly #order: LoadOrder;
  readonly #mailboxes: readonly number[];
  readonly #messages: number;
  #next = 0;

  constructor(order: LoadOrder, mailboxes: readonly number[], messages: number) {
    this.#order = order;
    this.#mailboxes = mailboxes;
    this.#messages = messages;
  }

  async prepare(): Promise<void> {}

  async once(): Promise<number> {
    const { length } = this.#mailboxes;
    const chosen: number[] = [];
    while (chosen.length < Math.min(recipientsAtOnce, length)) {
      chosen.push(this.#mailboxes[this.#next % length] ?? 0);
      this.#next += 1;
    }
    for (let message = 0; message < this.#messages; message += 1) {
      await deliver(this.#order, chosen);
    }
    for (const mailbox of chosen) await this.#remove(mailbox);
    return this.#messages * chosen.length;
  }

  async end(): Promise<void> {}

  async #remove(mailbox: number): Promise<void> {
    const standing = this.#order.mailboxes.messages;
    const talk = await logIn(this.#order, mailbox);
    await talk.ask('STAT\r\n', [ok]);
    const said = talk.replies[0]?.line ?? '';
    if (!said.startsWith(`+OK ${standing + this.#messages} `)) {
      throw new LoadFault(`${standing + this.#messages} messages were due: ${said}`);
    }
    const numbers = Array.from({ length: this.#messages }, (_, i) => standing + 1 + i);
    await talk.ask(
      numbers.map((number) => `DELE ${number}\r\n`).join(''),
      numbers.map(() => ok),
    );
    await quit(talk);
  }
}
