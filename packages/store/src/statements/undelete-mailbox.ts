/**
 * Makes a mailbox active that is being deleted, while its grace runs. Answers whether it is, and when the grace of
 * one ended that is too late to be had back; no row when there is no such mailbox.
 */

import { booleanAt, dateOrNullAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface UndeletedMailbox {
  readonly address: string;
  readonly actor: string;
}

export interface MailboxReturn {
  readonly isBack: boolean;
  /** Null when it was not being deleted. */
  readonly endedAt: Date | null;
}

export const undeleteMailbox: Statement<UndeletedMailbox, MailboxReturn> = {
  name: 'undelete_mailbox',
  text: `
with found as (
  select delete_after from mailbox where address = $1),
back as (
  update mailbox
  set status = 'active', delete_after = null, credential_version = credential_version + 1
  where address = $1 and status = 'deleting' and delete_after > now()
  returning mailbox_id),
audited as (
  insert into audit (actor, action, mailbox_id, subject)
  select $2, 'mailbox.undelete', mailbox_id, $1 from back)
select exists (select from back), extract(epoch from delete_after) * 1000 from found`,
  parameters: ({ address, actor }) => [address, actor],
  row: (row) => ({ isBack: booleanAt(row, 0), endedAt: dateOrNullAt(row, 1) }),
};
