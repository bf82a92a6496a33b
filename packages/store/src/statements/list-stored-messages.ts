/**
 * Messages of a mailbox as they are stored, flagged ones included, a page at a time: for
 * administration, not for sessions.
 *
 * Plan: range scan of the primary key in one partition.
 */

import type { MailboxId } from '../contract.ts';
import { bigintAt, dateAt, dateOrNullAt, numberAt, textAt, textOrNullAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface MessagePage {
  readonly mailboxId: MailboxId;
  /** The last id of the page before. */
  readonly after?: bigint;
  /** Rows wanted at most. */
  readonly limit: number;
}

export interface StoredMessage {
  readonly messageId: bigint;
  readonly guid: string;
  readonly uidl: string | null;
  readonly octets: number;
  readonly wireOctets: number;
  readonly headerOctets: number;
  readonly receivedAt: Date;
  /** When a QUIT flagged it; null while it is visible. */
  readonly deletedAt: Date | null;
}

export const listStoredMessages: Statement<MessagePage, StoredMessage> = {
  name: 'list_stored_messages',
  text: `
select message_id, guid, uidl, octets, wire_octets, header_octets,
       extract(epoch from received_at) * 1000, extract(epoch from deleted_at) * 1000
from message where mailbox_id = $1 and message_id > $2 order by message_id limit $3`,
  parameters: ({ mailboxId, after = 0n, limit }) => [mailboxId, String(after), String(limit)],
  row: (row) => ({
    messageId: bigintAt(row, 0),
    guid: textAt(row, 1),
    uidl: textOrNullAt(row, 2),
    octets: numberAt(row, 3),
    wireOctets: numberAt(row, 4),
    headerOctets: numberAt(row, 5),
    receivedAt: dateAt(row, 6),
    deletedAt: dateOrNullAt(row, 7),
  }),
};
