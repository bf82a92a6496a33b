/**
 * The last message that a mailbox has now, flagged or not: what comes behind it came later. No row when it has
 * none.
 *
 * Plan: backwards along the primary key, one partition.
 */

import type { MailboxId } from '../contract.ts';
import { bigintAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export const findLastMessage: Statement<MailboxId, bigint> = {
  name: 'find_last_message',
  text: `
select message_id from message where mailbox_id = $1 order by message_id desc limit 1`,
  parameters: (mailboxId) => [mailboxId],
  row: (row) => bigintAt(row, 0),
};
