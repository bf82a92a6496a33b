/**
 * Removes a mailbox that is due and has no messages any more, and all that belongs to it: names,
 * credentials and grants go by their foreign keys. Its audit rows stay.
 */

import type { MailboxId } from '../contract.ts';
import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export const removeMailbox: Statement<MailboxId, string> = {
  name: 'remove_mailbox',
  text: `
with removed as (
  delete from mailbox
  where mailbox_id = $1::bigint and status = 'deleting' and delete_after <= now()
    and not exists (select from message m where m.mailbox_id = $1::bigint)
  returning mailbox_id, address),
uncounted as (
  delete from maildrop where mailbox_id = (select mailbox_id from removed)),
unlocked as (
  delete from maildrop_lock where mailbox_id = (select mailbox_id from removed)),
forgotten as (
  delete from quit_receipt where mailbox_id = (select mailbox_id from removed)),
audited as (
  insert into audit (actor, action, mailbox_id, subject)
  select 'system', 'mailbox.remove', mailbox_id, address from removed)
select address from removed`,
  parameters: (mailboxId) => [mailboxId],
  row: (row) => textAt(row, 0),
};
