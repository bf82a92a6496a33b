/**
 * A client that lists a large maildrop again and again in one session. LIST is compared with what the
 * corpus says, octet by octet; UIDL with what was said the first time, when its lines were counted.
 *
 * Never: a listing that ends early and counts.
 */

import { type Client, listingOctets, logIn, octetsListed, quit } from '../client.ts';
import type { LoadOrder } from '../order.ts';
import { type Expected, LoadFault } from '../reply-reader.ts';
import type { Talk } from '../talk.ts';

export class ListingClient implements Client {
  readonly warmUps = 2;
  readonly #order: LoadOrder;
  readonly #mailbox: number;
  #talk: Talk | null = null;
  #due: readonly Expected[] = [];

  constructor(order: LoadOrder, mailboxes: readonly number[]) {
    this.#order = order;
    this.#mailbox = mailboxes[0] ?? 0;
  }

  async prepare(): Promise<void> {
    const { messages, octets } = this.#order.mailboxes;
    const talk = await logIn(this.#order, this.#mailbox);
    this.#talk = talk;
    const listed = listingOctets(messages, octets);
    await talk.ask('LIST\r\nUIDL\r\n', [
      { status: '+OK', body: { octets: listed, lines: messages, keep: true } },
      { status: '+OK', body: { octets: null, lines: messages } },
    ]);
    const [list, uidl] = talk.replies;
    for (const number of [1, messages]) {
      const said = octetsListed(list?.text ?? '', number);
      if (said !== octets) throw new LoadFault(`LIST says ${said} octets, not ${octets}`);
    }
    this.#due = [
      { status: '+OK', body: { octets: listed, lines: null } },
      { status: '+OK', body: { octets: uidl?.octets ?? 0, lines: null } },
    ];
  }

  async once(): Promise<number> {
    await this.#talk?.ask('LIST\r\nUIDL\r\n', this.#due);
    return this.#talk === null ? 0 : 1;
  }

  async end(): Promise<void> {
    if (this.#talk !== null) await quit(this.#talk);
  }
}
