/**
 * The mailbox whose grace has been over for longest: it is to be removed. Once it is due nobody can have it
 * back, so several nodes may remove it together.
 *
 * Plan: the first row of the partial index on delete_after.
 */

import type { MailboxId } from '../contract.ts';
import { mailboxIdAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export const findDueMailbox: Statement<void, MailboxId> = {
  name: 'find_due_mailbox',
  text: `
select mailbox_id from mailbox
where delete_after is not null and delete_after <= now() and status = 'deleting'
order by delete_after limit 1`,
  parameters: () => [],
  row: (row) => mailboxIdAt(row, 0),
};
