/**
 * Suspends a mailbox or makes it active again; either way what was verified before is stale.
 */

import type { MailboxId } from '../contract.ts';
import { mailboxIdAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface NewStatus {
  readonly address: string;
  readonly status: 'active' | 'suspended';
  readonly actor: string;
}

export const setMailboxStatus: Statement<NewStatus, MailboxId> = {
  name: 'set_mailbox_status',
  text: `
with changed as (
  update mailbox set status = $2, credential_version = credential_version + 1
  where address = $1 and status <> 'deleting'
  returning mailbox_id),
audited as (
  insert into audit (actor, action, mailbox_id, subject)
  select $3, 'mailbox.' || $2, mailbox_id, $1 from changed)
select mailbox_id from changed`,
  parameters: ({ address, status, actor }) => [address, status, actor],
  row: (row) => mailboxIdAt(row, 0),
};
