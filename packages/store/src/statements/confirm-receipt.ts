/**
 * Looks for the receipt of a QUIT whose answer was lost. Written to without a change: its own
 * commit is acknowledged only when all before it is as durable as the site wants, so that a commit
 * that was seen locally but never reached the standby is not taken for done.
 *
 * Plan: one primary key look-up.
 */

import { numberAt } from '../field.ts';
import type { Statement } from '../statement.ts';
import type { HeldLock } from './release-locks.ts';

export const confirmReceipt: Statement<HeldLock, number> = {
  name: 'confirm_receipt',
  durable: true,
  text: `
update quit_receipt set flagged_at = flagged_at
where mailbox_id = $1 and token = $2
returning cardinality(message_ids)`,
  parameters: ({ mailboxId, token }) => [mailboxId, token],
  row: (row) => numberAt(row, 0),
};
