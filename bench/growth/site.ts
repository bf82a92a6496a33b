/**
 * Mailboxes and messages in any number in a moment: their rows, as the directory and deliveries would leave
 * them, made within PostgreSQL. A node cannot tell them from others.
 *
 * Never: on a database that is not the bench's own; a message whose row and body disagree.
 */

import { makeAppPassword } from '@poplar/identity';
import { toWireMessage } from '@poplar/protocol';
import type { TemporaryDatabase } from '@poplar/store/testing';
import { domain, messageOf } from '../corpus.ts';
import type { Mailboxes } from '../load/order.ts';

/** Rows of one statement. */
const rowsAtOnce = 200_000;

export interface Filling {
  readonly prefix: string;
  readonly count: number;
  readonly messages: number;
  /** Of each message, about. */
  readonly octets: number;
}

interface Range {
  /** Ids of mailboxes, the last one included. */
  readonly from: number;
  readonly to: number;
}

export class Site {
  readonly #database: TemporaryDatabase;
  readonly #password = makeAppPassword();

  constructor(database: TemporaryDatabase) {
    this.#database = database;
  }

  get secret(): string {
    return this.#password.text;
  }

  /** Mailboxes that are all alike. Nobody else may add any meanwhile. */
  async add({ prefix, count, messages, octets: about }: Filling): Promise<Mailboxes> {
    const { pieces, octets, headerOctets } = toWireMessage(Buffer.from(messageOf(about)));
    const wire = Buffer.concat(pieces);
    await this.#database.query('insert into domain (name) values ($1) on conflict do nothing', [
      domain,
    ]);
    const mailboxes = { prefix, domain, count, messages, octets, wireOctets: wire.length };
    for (let from = 0; from < count; from += rowsAtOnce) {
      const range = await this.#addMailboxes(mailboxes, from);
      const each = Math.max(1, Math.floor(rowsAtOnce / Math.max(1, messages)));
      for (let id = range.from; id <= range.to && messages > 0; id += each) {
        const some = { from: id, to: Math.min(range.to, id + each - 1) };
        await this.#addMessages(some, { messages, octets, headerOctets, wire });
      }
    }
    await this.#database.query('vacuum (analyze)');
    await this.#database.query('checkpoint');
    return mailboxes;
  }

  async #addMailboxes(mailboxes: Mailboxes, first: number): Promise<Range> {
    const { prefix, messages, octets } = mailboxes;
    const last = Math.min(mailboxes.count, first + rowsAtOnce) - 1;
    const [row] = await this.#database.query(
      `with added as (
         insert into mailbox (domain_id, address)
         select (select domain_id from domain), $1 || '-' || n || '@' || $2
         from generate_series($3::int, $4::int) n
         returning mailbox_id, address),
       named as (insert into login_name (name, mailbox_id) select address, mailbox_id from added),
       secured as (
         insert into credential (mailbox_id, credential_id, kind, secret)
         select mailbox_id, nextval('credential_id_seq'), 'app-password', $5 from added),
       dropped as (
         insert into maildrop (mailbox_id, messages, octets)
         select mailbox_id, $6::bigint, $6::bigint * $7::bigint from added),
       locked as (insert into maildrop_lock (mailbox_id) select mailbox_id from added)
       select min(mailbox_id) as first, max(mailbox_id) as last from added`,
      [prefix, domain, first, last, this.#password.stored, messages, octets],
    );
    return { from: Number(row?.first), to: Number(row?.last) };
  }

  /** One mailbox may have a great many: then in several statements. */
  async #addMessages(
    { from, to }: Range,
    added: {
      readonly messages: number;
      readonly octets: number;
      readonly headerOctets: number;
      readonly wire: Buffer;
    },
  ): Promise<void> {
    const { messages, octets, headerOctets, wire } = added;
    for (let done = 0; done < messages; done += rowsAtOnce) {
      await this.#database.query(
        `with added as (
           insert into message (mailbox_id, message_id, guid, octets, wire_octets, header_octets)
           select id, nextval('message_id_seq'), gen_random_uuid(), $3::bigint,
                  octet_length($5::bytea), $4::bigint
           from generate_series($1::bigint, $2::bigint) id, generate_series(1, $6::int)
           returning mailbox_id, message_id)
         insert into message_body (mailbox_id, message_id, body)
         select mailbox_id, message_id, $5::bytea from added`,
        [from, to, octets, headerOctets, wire, Math.min(rowsAtOnce, messages - done)],
      );
    }
  }
}
