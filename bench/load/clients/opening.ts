/**
 * A client that opens a maildrop and asks for one UIDL, so that the list has to be there and little of it is sent:
 * what depends on its size is the opening. A message may be delivered before each time.
 *
 * Never: a number of messages other than the one that is due.
 */

import { type Client, logIn, messagesIn, ok, quit } from '../client.ts';
import { deliver } from '../lmtp-lines.ts';
import type { LoadOrder } from '../order.ts';
import { LoadFault } from '../reply-reader.ts';

/** Each worker of a node has a list of its own: after so many times the kernel has dealt to all of them. */
const openedBefore = 12;

export class OpeningClient implements Client {
  readonly warmUps = openedBefore;
  readonly #order: LoadOrder;
  readonly #mailbox: number;
  readonly #isChanged: boolean;
  #messages = 0;

  constructor(order: LoadOrder, mailboxes: readonly number[], isChanged: boolean) {
    this.#order = order;
    this.#mailbox = mailboxes[0] ?? 0;
    this.#isChanged = isChanged;
  }

  async prepare(): Promise<void> {
    this.#messages = await messagesIn(this.#order, this.#mailbox);
  }

  async once(): Promise<number> {
    if (this.#isChanged) {
      await deliver(this.#order, [this.#mailbox]);
      this.#messages += 1;
    }
    const talk = await logIn(this.#order, this.#mailbox);
    await talk.ask('STAT\r\n', [ok]);
    const said = talk.replies[0]?.line ?? '';
    if (!said.startsWith(`+OK ${this.#messages} `)) {
      throw new LoadFault(`${this.#messages} messages were due: ${said}`);
    }
    await talk.ask(`UIDL ${this.#messages}\r\n`, [ok]);
    await quit(talk);
    return 1;
  }

  async end(): Promise<void> {}
}
