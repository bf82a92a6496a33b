/**
 * Notes that all messages of a receipt are gone; it stays for a while as the answer to a QUIT that
 * asks what became of it. The commit is not waited for, as that of the purge: it cannot be kept without it.
 *
 * Plan: one primary key look-up. `purged_at is null` as it stands would also fit the partial index of
 * what is due, and a plan made while there was nothing in it would read all of it.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';
import type { HeldLock } from './release-locks.ts';

export const markPurged: Statement<HeldLock, string> = {
  name: 'mark_purged',
  text: `
with marked as (
  update quit_receipt set purged_at = now()
  where mailbox_id = $1 and token = $2 and coalesce(purged_at, 'infinity') = 'infinity'
  returning token)
select token, set_config('synchronous_commit', 'off', true) from marked`,
  parameters: ({ mailboxId, token }) => [mailboxId, token],
  row: (row) => textAt(row, 0),
};
