/**
 * Locks mailboxes for a change of several statements, in one order, so that two such changes queue
 * up and neither misses what the other wrote. Answers those that are there.
 *
 * Plan: unique index look-ups.
 */

import type { MailboxId } from '../contract.ts';
import { mailboxIdAt } from '../field.ts';
import { textArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export const lockMailboxes: Statement<readonly string[], MailboxId> = {
  name: 'lock_mailboxes',
  text: `
with found as materialized (
  select m.mailbox_id
  from unnest($1::text[]) as w (address)
  cross join lateral (
    select m.mailbox_id from mailbox m where m.address = w.address collate "C" offset 0) m
  order by m.mailbox_id)
select l.mailbox_id from found f
cross join lateral (
  select m.mailbox_id from mailbox m where m.mailbox_id = f.mailbox_id for no key update) l`,
  parameters: (addresses) => [textArray(addresses)],
  row: (row) => mailboxIdAt(row, 0),
};
