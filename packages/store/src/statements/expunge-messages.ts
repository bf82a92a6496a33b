/**
 * Removes flagged messages of a mailbox for good, whatever their undelete window: all of them or those that
 * are named, a slice at a time, with the audit row. Answers one row with the number, or none when there is
 * no such mailbox. A message that no QUIT flagged is never touched.
 *
 * Plan: look-ups by primary key in one partition when ids are given, else a scan of one maildrop.
 */

import { numberAt } from '../field.ts';
import { purgeSliceMessages } from '../limits.ts';
import { int8Array } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface ExpungedMessages {
  readonly address: string;
  /** Null for all that are flagged. */
  readonly messageIds: readonly bigint[] | null;
  readonly actor: string;
}

export const expungeMessages: Statement<ExpungedMessages, number> = {
  name: 'expunge_messages',
  durable: true,
  text: `
with found as (
  select mailbox_id from mailbox where address = $1),
slice as (
  select m.message_id from message m
  where m.mailbox_id = (select mailbox_id from found) and m.deleted_at is not null
    and ($2::bigint[] is null or m.message_id = any($2::bigint[]))
  order by m.message_id limit ${purgeSliceMessages}),
gone as (
  delete from message m using slice s
  where m.mailbox_id = (select mailbox_id from found) and m.message_id = s.message_id
    and m.deleted_at is not null
  returning m.message_id),
emptied as (
  delete from message_body b using gone g
  where b.mailbox_id = (select mailbox_id from found) and b.message_id = g.message_id),
totals as (
  select count(*) as messages from gone),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $3, 'message.purge', f.mailbox_id, $1, jsonb_build_object('messages', t.messages)
  from found f cross join totals t where t.messages > 0)
select t.messages from found cross join totals t`,
  parameters: ({ address, messageIds, actor }) => [
    address,
    messageIds === null ? null : int8Array(messageIds),
    actor,
  ],
  row: (row) => numberAt(row, 0),
};
