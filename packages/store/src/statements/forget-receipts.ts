/**
 * Removes receipts that were purged long ago. Answers one row for each.
 *
 * Plan: range of the partial index on purged receipts.
 */

import { textAt } from '../field.ts';
import { forgetReceiptsMax, receiptKeptHours } from '../limits.ts';
import type { Statement } from '../statement.ts';

export const forgetReceipts: Statement<void, string> = {
  name: 'forget_receipts',
  text: `
delete from quit_receipt where (mailbox_id, token) in (
  select mailbox_id, token from quit_receipt
  where purged_at < now() - make_interval(hours => ${receiptKeptHours})
  order by purged_at limit ${forgetReceiptsMax}
  for update skip locked)
returning token`,
  parameters: () => [],
  row: (row) => textAt(row, 0),
};
