/**
 * Makes a mailbox active that is being deleted, while its grace runs. Answers no row when there is none.
 */

import type { MailboxId } from '../contract.ts';
import { mailboxIdAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface UndeletedMailbox {
  readonly address: string;
  readonly actor: string;
}

export const undeleteMailbox: Statement<UndeletedMailbox, MailboxId> = {
  name: 'undelete_mailbox',
  text: `
with back as (
  update mailbox
  set status = 'active', delete_after = null, credential_version = credential_version + 1
  where address = $1 and status = 'deleting' and delete_after > now()
  returning mailbox_id),
audited as (
  insert into audit (actor, action, mailbox_id, subject)
  select $2, 'mailbox.undelete', mailbox_id, $1 from back)
select mailbox_id from back`,
  parameters: ({ address, actor }) => [address, actor],
  row: (row) => mailboxIdAt(row, 0),
};
