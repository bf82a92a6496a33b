/**
 * Removes receipts that were purged long ago. Answers one row for each.
 *
 * Plan: range of the partial index on purged receipts, then the primary key for their mailboxes; a join
 * alone would read every receipt in a plan that was made while there were none.
 */

import { textAt } from '../field.ts';
import { forgetReceiptsMax, receiptKeptHours } from '../limits.ts';
import type { Statement } from '../statement.ts';

export const forgetReceipts: Statement<void, string> = {
  name: 'forget_receipts',
  text: `
with old as materialized (
  select mailbox_id, token from quit_receipt
  where purged_at < now() - make_interval(hours => ${receiptKeptHours})
  order by purged_at limit ${forgetReceiptsMax}
  for update skip locked)
delete from quit_receipt r using old
where r.mailbox_id = old.mailbox_id and r.token = old.token
  and r.mailbox_id = any(array(select mailbox_id from old))
returning r.token`,
  parameters: () => [],
  row: (row) => textAt(row, 0),
};
