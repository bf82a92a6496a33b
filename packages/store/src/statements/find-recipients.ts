/**
 * The mailboxes behind a batch of envelope recipients.
 *
 * Plan: a nested loop of unique index look-ups.
 */

import type { MailboxId } from '../contract.ts';
import { mailboxIdAt, textAt } from '../field.ts';
import { textArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface RecipientRow {
  readonly mailboxId: MailboxId;
  readonly address: string;
  readonly status: string;
}

export const findRecipients: Statement<readonly string[], RecipientRow> = {
  name: 'find_recipients',
  text: `
select m.mailbox_id, m.address, m.status
from unnest($1::text[]) as w (address)
cross join lateral (
  select * from mailbox m where m.address = w.address collate "C" offset 0) m`,
  parameters: (addresses) => [textArray(addresses)],
  row: (row) => ({
    mailboxId: mailboxIdAt(row, 0),
    address: textAt(row, 1),
    status: textAt(row, 2),
  }),
};
