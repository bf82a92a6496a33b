/**
 * A client that reads messages in a session that stays open, several asked for at once or one after
 * the other. Every message has to have the octets that it was stored with.
 *
 * Never: a message that is shorter, longer or without its end, and counts.
 */

import { type Client, dotLineOctets, logIn, ok, quit } from '../client.ts';
import type { LoadOrder } from '../order.ts';
import type { Expected } from '../reply-reader.ts';
import type { Talk } from '../talk.ts';

interface RetrievalOptions {
  readonly tls: boolean;
  readonly pipelined: number;
}

export class RetrievalClient implements Client {
  readonly warmUps: number;
  readonly #order: LoadOrder;
  readonly #mailbox: number;
  readonly #options: RetrievalOptions;
  readonly #due: readonly Expected[];
  /** What is asked at once, from the first message on to the last and over again. */
  readonly #batches: readonly Buffer[];
  #talk: Talk | null = null;
  #next = 0;

  constructor(order: LoadOrder, mailboxes: readonly number[], options: RetrievalOptions) {
    const { messages, wireOctets } = order.mailboxes;
    const { pipelined } = options;
    this.#order = order;
    this.#mailbox = mailboxes[0] ?? 0;
    this.#options = options;
    const body = { octets: wireOctets + dotLineOctets, lines: null };
    this.#due = Array.from({ length: pipelined }, () => ({ status: '+OK', body }));
    this.#batches = Array.from({ length: Math.max(1, messages) }, (_, batch) =>
      batchOf(batch * pipelined, pipelined, messages),
    );
    this.warmUps = Math.min(this.#batches.length, Math.ceil(messages / pipelined));
  }

  async prepare(): Promise<void> {
    const { mailboxes } = this.#order;
    this.#talk = await logIn(this.#order, this.#mailbox, this.#options.tls);
    const { messages, octets } = mailboxes;
    await this.#talk.ask('STAT\r\n', [{ ...ok, line: `+OK ${messages} ${messages * octets}` }]);
  }

  async once(): Promise<number> {
    const batch = this.#batches[this.#next % this.#batches.length];
    this.#next += 1;
    if (this.#talk === null || batch === undefined) return 0;
    await this.#talk.ask(batch, this.#due);
    return this.#options.pipelined;
  }

  async end(): Promise<void> {
    if (this.#talk !== null) await quit(this.#talk);
  }
}

function batchOf(from: number, count: number, messages: number): Buffer {
  const lines = Array.from({ length: count }, (_, i) => `RETR ${((from + i) % messages) + 1}\r\n`);
  return Buffer.from(lines.join(''));
}
