/**
 * Makes flagged messages visible again, all of them or those that are named, adjusts the counters and
 * writes the audit row, in the one transaction of this statement. Answers one row with the number and those
 * that were named and are not there, flagged or not; or none when there is no such mailbox.
 *
 * The counters are locked first, as a delivery does. A session that is open does not see the messages: its
 * list stands still. Those whose purge is running are gone, and not counted.
 *
 * Plan: look-ups by primary key in one partition when ids are given, else a scan of one maildrop.
 */

import { numberAt, textAt } from '../field.ts';
import { int8Array } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface RestoredMessages {
  readonly address: string;
  /** Null for all that are flagged. */
  readonly messageIds: readonly bigint[] | null;
  readonly actor: string;
}

export interface Restoration {
  readonly restored: number;
  readonly missing: readonly string[];
}

export const restoreMessages: Statement<RestoredMessages, Restoration> = {
  name: 'restore_messages',
  durable: true,
  text: `
with found as (
  select mailbox_id from mailbox where address = $1),
held as materialized (
  select d.mailbox_id from maildrop d
  where d.mailbox_id = (select mailbox_id from found) for update of d),
restored as (
  update message m set deleted_at = null, deleted_by = null
  where m.mailbox_id = (select mailbox_id from held) and m.deleted_at is not null
    and ($2::bigint[] is null or m.message_id = any($2::bigint[]))
  returning m.octets),
totals as (
  select count(*) as messages, coalesce(sum(octets), 0) as octets from restored),
counted as (
  update maildrop d
  set messages = d.messages + t.messages, octets = d.octets + t.octets, version = d.version + 1
  from totals t where d.mailbox_id = (select mailbox_id from held) and t.messages > 0),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $3, 'message.restore', h.mailbox_id, $1, jsonb_build_object('messages', t.messages)
  from held h cross join totals t where t.messages > 0)
select t.messages, (
  select coalesce(string_agg(w.message_id::text, ' '), '') from unnest($2::bigint[]) w (message_id)
  where not exists (
    select from message m where m.mailbox_id = h.mailbox_id and m.message_id = w.message_id))
from held h cross join totals t`,
  parameters: ({ address, messageIds, actor }) => [
    address,
    messageIds === null ? null : int8Array(messageIds),
    actor,
  ],
  row: (row) => ({
    restored: numberAt(row, 0),
    missing: textAt(row, 1)
      .split(' ')
      .filter((id) => id !== ''),
  }),
};
