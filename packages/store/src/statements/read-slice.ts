/**
 * A part of one body. `substr` of a value that is stored out of line and uncompressed fetches only
 * the TOAST chunks it needs (PostgreSQL documentation, "TOAST", on EXTERNAL storage).
 *
 * Plan: one primary key look-up.
 */

import type { MailboxId } from '../contract.ts';
import { bytesAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface SliceInput {
  readonly mailboxId: MailboxId;
  readonly messageId: bigint;
  /** First octet wanted, from 0. */
  readonly offset: number;
  readonly octets: number;
}

export const readSlice: Statement<SliceInput, Buffer> = {
  name: 'read_slice',
  binary: true,
  text: `
select substr(body, $3::integer + 1, $4::integer) from message_body
where mailbox_id = $1 and message_id = $2`,
  parameters: ({ mailboxId, messageId, offset, octets }) => [
    mailboxId,
    String(messageId),
    String(offset),
    String(octets),
  ],
  row: (row) => bytesAt(row, 0),
};
