/**
 * Notes that all messages of a receipt are gone; it stays for a while as the answer to a QUIT that
 * asks what became of it.
 *
 * Plan: one primary key look-up.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';
import type { HeldLock } from './release-locks.ts';

export const markPurged: Statement<HeldLock, string> = {
  name: 'mark_purged',
  text: `
update quit_receipt set purged_at = now()
where mailbox_id = $1 and token = $2 and purged_at is null
returning token`,
  parameters: ({ mailboxId, token }) => [mailboxId, token],
  row: (row) => textAt(row, 0),
};
