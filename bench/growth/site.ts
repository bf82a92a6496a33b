/**
 * Sites of any size in a moment: the rows of mailboxes and messages, as the directory and deliveries would leave them,
 * made within PostgreSQL. A node cannot tell them from others.
 *
 * Never: on a database that is not the bench's own; a message whose row and body disagree.
 */

import { makeAppPassword } from '@poplar/identity';
import { toWireMessage } from '@poplar/protocol';
import type { TemporaryDatabase } from '@poplar/store/testing';
import { domain, messageOf } from '../corpus.ts';
import type { Mailboxes } from '../load/order.ts';

/** Mailboxes of one statement. */
const mailboxesAtOnce = 100_000;
/** Messages of one statement. */
const messagesAtOnce = 200_000;

export interface SiteOptions {
  readonly prefix: string;
  readonly count: number;
  readonly messages: number;
  /** Of each message. */
  readonly octets: number;
}

export interface Site {
  readonly secret: string;
  readonly mailboxes: Mailboxes;
}

/** A domain with these mailboxes, all alike. The database must have none yet. */
export async function makeSite(database: TemporaryDatabase, options: SiteOptions): Promise<Site> {
  const { prefix, count, messages, octets: about } = options;
  const password = makeAppPassword();
  const content = messageOf(about);
  const { pieces, octets, headerOctets } = toWireMessage(new TextEncoder().encode(content));
  const wire = Buffer.concat(pieces);
  await database.query('insert into domain (name) values ($1)', [domain]);
  for (let from = 0; from < count; from += mailboxesAtOnce) {
    const to = Math.min(count, from + mailboxesAtOnce);
    await addMailboxes(database, { prefix, from, to, stored: password.stored });
  }
  const each = Math.max(1, Math.floor(messagesAtOnce / Math.max(1, messages)));
  for (let from = 0; from < count && messages > 0; from += each) {
    const range = { from: from + 1, to: Math.min(count, from + each) };
    await addMessages(database, { range, messages, octets, headerOctets, wire });
  }
  await database.query(`
    update maildrop set messages = ${messages}, octets = ${messages * octets} where messages = 0`);
  await database.query('vacuum (analyze)');
  await database.query('checkpoint');
  const wireOctets = wire.length;
  return {
    secret: password.text,
    mailboxes: { prefix, domain, count, messages, octets, wireOctets },
  };
}

interface NewMailboxes {
  readonly prefix: string;
  readonly from: number;
  readonly to: number;
  readonly stored: string;
}

async function addMailboxes(
  database: TemporaryDatabase,
  { prefix, from, to, stored }: NewMailboxes,
): Promise<void> {
  await database.query(
    `with added as (
       insert into mailbox (domain_id, address)
       select (select domain_id from domain), $1 || '-' || n || '@' || $2
       from generate_series($3::int, $4::int) n
       returning mailbox_id, address),
     named as (insert into login_name (name, mailbox_id) select address, mailbox_id from added),
     secured as (
       insert into credential (mailbox_id, credential_id, kind, secret)
       select mailbox_id, nextval('credential_id_seq'), 'app-password', $5 from added),
     dropped as (insert into maildrop (mailbox_id) select mailbox_id from added)
     insert into maildrop_lock (mailbox_id) select mailbox_id from added`,
    [prefix, domain, from, to - 1, stored],
  );
}

interface NewMessages {
  readonly range: { readonly from: number; readonly to: number };
  readonly messages: number;
  readonly octets: number;
  readonly headerOctets: number;
  readonly wire: Buffer;
}

/** For the mailboxes of these ids, in slices if one has a great many. */
async function addMessages(database: TemporaryDatabase, added: NewMessages): Promise<void> {
  const { range, messages, octets, headerOctets, wire } = added;
  for (let done = 0; done < messages; done += messagesAtOnce) {
    const now = Math.min(messagesAtOnce, messages - done);
    await database.query(
      `with added as (
         insert into message (mailbox_id, message_id, guid, octets, wire_octets, header_octets)
         select m.mailbox_id, nextval('message_id_seq'), gen_random_uuid(), $3, octet_length($5), $4
         from (select mailbox_id from mailbox where mailbox_id between $1 and $2 order by 1) m,
              generate_series(1, $6::int)
         returning mailbox_id, message_id)
       insert into message_body (mailbox_id, message_id, body)
       select mailbox_id, message_id, $5::bytea from added`,
      [range.from, range.to, octets, headerOctets, wire, now],
    );
  }
}
