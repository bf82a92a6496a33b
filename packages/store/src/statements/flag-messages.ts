/**
 * QUIT: releases the lock, flags the messages, adjusts the counters and writes the receipt, all in
 * the one transaction of this statement, or nothing when the token does not hold the lock. Answers
 * one row with the number of messages flagged, or none.
 *
 * The lock comes first and everything joins it: a row lock that a thief holds is waited for, then
 * the token is compared again. A message that was flagged by someone else is not counted.
 *
 * Plan: look-ups by primary key in one partition; the flag is in no index, so the updates are HOT
 * where the page has room.
 */

import type { FlagRequest } from '../contract.ts';
import { numberAt } from '../field.ts';
import { int8Array } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export const flagMessages: Statement<FlagRequest, number> = {
  name: 'flag_messages',
  durable: true,
  text: `
with released as (
  update maildrop_lock set token = null, owner_id = null, client = null, actor_id = null
  where mailbox_id = $1 and token = $2
  returning mailbox_id),
flagged as (
  update message m set deleted_at = now(), deleted_by = $2
  from released
  where m.mailbox_id = $1 and m.message_id = any($3::bigint[]) and m.deleted_at is null
  returning m.message_id, m.octets),
totals as (
  select count(*) as messages, coalesce(sum(octets), 0) as octets,
         coalesce(array_agg(message_id), '{}') as message_ids
  from flagged),
counted as (
  update maildrop d
  set messages = d.messages - t.messages, octets = d.octets - t.octets, version = d.version + 1
  from totals t where d.mailbox_id = $1 and t.messages > 0)
insert into quit_receipt (mailbox_id, token, message_ids, purge_after, purged_at)
select $1, $2, t.message_ids,
       now() + coalesce((
         select undelete_window from domain where domain_id = (
           select domain_id from mailbox where mailbox_id = $1)), interval '0'),
       case when t.messages = 0 then now() end
from released cross join totals t
returning cardinality(message_ids)`,
  parameters: ({ mailboxId, token, messageIds }) => [mailboxId, token, int8Array(messageIds)],
  row: (row) => numberAt(row, 0),
};
