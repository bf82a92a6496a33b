/**
 * Marks a mailbox as being deleted: nobody logs in to it and it takes no mail from this commit on, and
 * after its grace it is removed for good (remove-mailbox.ts). Answers no row when there is no such
 * mailbox or it is being deleted already.
 */

import type { MailboxId } from '../contract.ts';
import { mailboxIdAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface DeletedMailbox {
  readonly address: string;
  readonly graceSeconds: number;
  readonly actor: string;
}

export const deleteMailbox: Statement<DeletedMailbox, MailboxId> = {
  name: 'delete_mailbox',
  text: `
with marked as (
  update mailbox
  set status = 'deleting', delete_after = now() + make_interval(secs => $2::float8),
      credential_version = credential_version + 1
  where address = $1 and status <> 'deleting'
  returning mailbox_id, delete_after),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $3, 'mailbox.delete', mailbox_id, $1, jsonb_build_object('deleteAfter', delete_after)
  from marked)
select mailbox_id from marked`,
  parameters: ({ address, graceSeconds, actor }) => [address, String(graceSeconds), actor],
  row: (row) => mailboxIdAt(row, 0),
};
