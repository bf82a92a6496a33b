/**
 * A client that empties its maildrops one by one: it reads and marks every message and says QUIT. An
 * operation is a message; it counts when QUIT was answered with +OK.
 *
 * Never: a maildrop that is emptied twice; a message that counts and was not removed.
 */

import { type Client, dotLineOctets, logIn, lookInto, ok, quit } from '../client.ts';
import type { LoadOrder } from '../order.ts';
import type { Expected } from '../reply-reader.ts';

/** This part of each client's maildrops is emptied before anything is measured. */
const partBefore = 1 / 4;

export class DrainClient implements Client {
  readonly warmUps: number;
  readonly #order: LoadOrder;
  readonly #pipelined: number;
  readonly #mailboxes: readonly number[];
  #next = 0;

  constructor(order: LoadOrder, mailboxes: readonly number[], pipelined: number) {
    this.#order = order;
    this.#pipelined = pipelined;
    this.#mailboxes = mailboxes;
    this.warmUps = Math.ceil(mailboxes.length * partBefore);
  }

  prepare(): Promise<void> {
    return lookInto(this.#order, this.#mailboxes);
  }

  async once(): Promise<number> {
    const mailbox = this.#mailboxes[this.#next];
    if (mailbox === undefined) return 0;
    this.#next += 1;
    const { messages, wireOctets } = this.#order.mailboxes;
    const body = { octets: wireOctets + dotLineOctets, lines: null };
    const talk = await logIn(this.#order, mailbox);
    for (let number = 1; number <= messages; ) {
      const last = Math.min(messages, number + this.#pipelined - 1);
      const due: Expected[] = [];
      let text = '';
      for (; number <= last; number += 1) {
        text += `RETR ${number}\r\nDELE ${number}\r\n`;
        due.push({ status: '+OK', body }, ok);
      }
      await talk.ask(text, due);
    }
    await quit(talk);
    return messages;
  }

  async end(): Promise<void> {}
}
