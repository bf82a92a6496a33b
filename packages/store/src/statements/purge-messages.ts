/**
 * Removes messages and their bodies for good, in one transaction: only those that are flagged, and
 * only by the QUIT whose receipt names them, so that what was restored and flagged again since has
 * its own time. Answers one row with the number removed.
 *
 * Nobody is told that it is done, so its commit is not waited for: after a crash it is found due again. That
 * holds for this transaction alone; the connection's next one may be a QUIT.
 *
 * Plan: look-ups by primary key in one partition of each table.
 */

import type { MailboxId } from '../contract.ts';
import { numberAt } from '../field.ts';
import { int8Array } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface PurgeSlice {
  readonly mailboxId: MailboxId;
  readonly token: string;
  readonly messageIds: readonly bigint[];
}

export const purgeMessages: Statement<PurgeSlice, number> = {
  name: 'purge_messages',
  text: `
with gone as (
  delete from message
  where mailbox_id = $1 and message_id = any($3::bigint[])
    and deleted_at is not null and deleted_by = $2
  returning message_id),
emptied as (
  delete from message_body b using gone
  where b.mailbox_id = $1 and b.message_id = any($3::bigint[]) and b.message_id = gone.message_id)
select count(*), set_config('synchronous_commit', 'off', true) from gone`,
  parameters: ({ mailboxId, token, messageIds }) => [mailboxId, token, int8Array(messageIds)],
  row: (row) => numberAt(row, 0),
};
