/**
 * Messages of a mailbox as stored, a page at a time in the order of their ids, each with the beginning of
 * its header if that is wanted: flagged ones, visible ones, or both.
 *
 * Plan: the primary key of one partition of each table. Bodies are stored uncompressed and apart, so that
 * `substr` reads the first chunk of each alone.
 */

import {
  binaryBigintAt,
  binaryTextAt,
  binaryTextOrNullAt,
  bytesOrNullAt,
  type Row,
} from '../field.ts';
import type { Statement } from '../statement.ts';
import type { MessagePage } from './list-stored-messages.ts';

export interface PreviewPage extends MessagePage {
  /** Only those that a QUIT flagged, or only those that none did; both without it. */
  readonly flagged?: boolean | undefined;
  /** Octets of each header wanted, in wire form; 0 for none. */
  readonly headerOctets: number;
}

export interface MessagePreview {
  readonly messageId: bigint;
  readonly guid: string;
  readonly uidl: string | null;
  readonly octets: number;
  readonly receivedAt: Date;
  readonly deletedAt: Date | null;
  /** Null when it was not wanted. */
  readonly header: Uint8Array | null;
}

function millisecondsAt(row: Row, column: number): Date {
  return new Date(Number(binaryBigintAt(row, column)));
}

export const listMessagePreviews: Statement<PreviewPage, MessagePreview> = {
  name: 'list_message_previews',
  binary: true,
  text: `
select m.message_id, m.guid::text, m.uidl, m.octets,
       (extract(epoch from m.received_at) * 1000)::bigint,
       (extract(epoch from m.deleted_at) * 1000)::bigint,
       case when $5::int > 0 then substr(b.body, 1, least($5::int, m.header_octets)::int) end
from message m
left join message_body b
  on $5::int > 0 and b.mailbox_id = m.mailbox_id and b.message_id = m.message_id
where m.mailbox_id = $1::bigint and m.message_id > $2::bigint
  and ($4::boolean is null or (m.deleted_at is not null) = $4)
order by m.message_id limit $3::bigint`,
  parameters: ({ mailboxId, after = 0n, limit, flagged, headerOctets }) => [
    mailboxId,
    String(after),
    String(limit),
    flagged === undefined ? null : String(flagged),
    String(headerOctets),
  ],
  row: (row) => ({
    messageId: binaryBigintAt(row, 0),
    guid: binaryTextAt(row, 1),
    uidl: binaryTextOrNullAt(row, 2),
    octets: Number(binaryBigintAt(row, 3)),
    receivedAt: millisecondsAt(row, 4),
    deletedAt: row[5] === null ? null : millisecondsAt(row, 5),
    header: bytesOrNullAt(row, 6),
  }),
};
