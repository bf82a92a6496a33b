/**
 * Delivers one message to several mailboxes in one transaction. Answers what became of each copy.
 *
 * The maildrops are locked in the order of their ids, so that deliveries with common recipients
 * queue up and never deadlock; a mailbox that is gone or not active is left out. Ids are drawn
 * behind that lock: in each mailbox their order is the order of the commits. A copy whose UIDL is
 * there already inserts nothing and counts nothing.
 *
 * A copy with which a mailbox would hold more than its quota is left out too. The quota is compared with
 * the counters behind their lock, so deliveries at the same time do not pass it together.
 *
 * Plan: look-ups by primary key; the insert finds its partitions by itself. $4 is sent once however
 * many recipients there are.
 */

import { numberAt, textAt } from '../field.ts';
import { byteaArray, int8Array, Pieces, uuidArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface DeliverInput {
  readonly mailboxIds: readonly string[];
  /** One for each copy. */
  readonly guids: readonly string[];
  readonly prefixes: readonly Uint8Array[];
  readonly pieces: readonly Uint8Array[];
  /** Unstuffed octets of the pieces alone. A prefix is header lines: no line of it begins with a dot. */
  readonly octets: number;
  /** Wire offset of the body in the pieces alone. */
  readonly headerOctets: number;
  readonly uidl: string | null;
  readonly receivedAt: Date | null;
}

export interface DeliveredCopy {
  /** Position among the copies. */
  readonly index: number;
  readonly outcome: 'delivered' | 'no-mailbox' | 'duplicate-uidl' | 'over-quota';
}

function outcomeOf(text: string): DeliveredCopy['outcome'] {
  if (text === 'delivered' || text === 'no-mailbox' || text === 'over-quota') return text;
  return 'duplicate-uidl';
}

/** Up to its counters; more may follow in the same transaction (deliver-message-told.ts). */
export const storing = `with wanted as (
  select * from unnest($1::bigint[], $2::uuid[], $3::bytea[])
    with ordinality as w (mailbox_id, guid, prefix, n)),
open_drop as materialized (
  select d.mailbox_id, d.octets
  from maildrop d
  where d.mailbox_id = any($1::bigint[]) and exists (
    select from mailbox b where b.mailbox_id = d.mailbox_id and b.status = 'active' offset 0)
  order by d.mailbox_id
  for update of d),
allowed as (
  select b.mailbox_id, coalesce(b.quota_octets, (
           select o.quota_octets from domain o where o.domain_id = b.domain_id)) as octets
  from mailbox b where b.mailbox_id = any($1::bigint[])),
fitting as (
  select w.mailbox_id, w.guid, w.prefix
  from wanted w
  join open_drop o on o.mailbox_id = w.mailbox_id
  join allowed a on a.mailbox_id = w.mailbox_id
  where a.octets is null or o.octets + $6::bigint + octet_length(w.prefix) <= a.octets),
inserted as (
  insert into message (mailbox_id, message_id, guid, uidl, octets, wire_octets, header_octets, received_at)
  select w.mailbox_id, nextval('message_id_seq'), w.guid, $5::text,
         $6::bigint + octet_length(w.prefix), octet_length($4::bytea) + octet_length(w.prefix),
         $7::bigint + octet_length(w.prefix), coalesce($8::timestamptz, now())
  from fitting w
  on conflict (mailbox_id, uidl) where uidl is not null do nothing
  returning mailbox_id, message_id, guid, octets),
stored as (
  insert into message_body (mailbox_id, message_id, body)
  select i.mailbox_id, i.message_id, w.prefix || $4::bytea
  from inserted i join wanted w on w.guid = i.guid),
counted as (
  update maildrop d
  set messages = d.messages + t.messages, octets = d.octets + t.octets, version = d.version + 1
  from (select mailbox_id, count(*) as messages, sum(octets) as octets
        from inserted group by mailbox_id) t
  where d.mailbox_id = t.mailbox_id and d.mailbox_id = any($1::bigint[]))`;

/** What became of each copy. */
export const outcomes = `
select w.n - 1,
       case when exists (select from inserted i where i.guid = w.guid) then 'delivered'
            when exists (select from open_drop o where o.mailbox_id = w.mailbox_id) 
                 then case when exists (select from fitting f where f.guid = w.guid)
                           then 'duplicate-uidl' else 'over-quota' end
            else 'no-mailbox' end
from wanted w`;

export const deliverMessage: Statement<DeliverInput, DeliveredCopy> = {
  name: 'deliver_message',
  durable: true,
  text: `
${storing}${outcomes}`,
  parameters: (input) => [
    int8Array(input.mailboxIds),
    uuidArray(input.guids),
    byteaArray(input.prefixes),
    new Pieces(input.pieces),
    input.uidl,
    String(input.octets),
    String(input.headerOctets),
    input.receivedAt === null ? null : input.receivedAt.toISOString(),
  ],
  row: (row) => ({ index: numberAt(row, 0), outcome: outcomeOf(textAt(row, 1)) }),
};
