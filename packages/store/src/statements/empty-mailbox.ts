/**
 * Removes some of the messages of a mailbox that is due to be removed, with their bodies. Answers one
 * row with how many.
 *
 * Plan: the primary key of one partition of each table.
 */

import type { MailboxId } from '../contract.ts';
import { numberAt } from '../field.ts';
import { purgeSliceMessages } from '../limits.ts';
import type { Statement } from '../statement.ts';

export const emptyMailbox: Statement<MailboxId, number> = {
  name: 'empty_mailbox',
  text: `
with due as (
  select mailbox_id from mailbox
  where mailbox_id = $1::bigint and status = 'deleting' and delete_after <= now()),
slice as (
  select m.message_id from message m
  where m.mailbox_id = $1::bigint and exists (select from due)
  order by m.message_id limit ${purgeSliceMessages}),
gone as (
  delete from message m using slice s
  where m.mailbox_id = $1::bigint and m.message_id = s.message_id
  returning m.message_id),
emptied as (
  delete from message_body b using gone
  where b.mailbox_id = $1::bigint and b.message_id = gone.message_id)
select count(*) from gone`,
  parameters: (mailboxId) => [mailboxId],
  row: (row) => numberAt(row, 0),
};
