/**
 * Switches POP3 on or off for a mailbox and bumps its version. Answers no row when there is no such
 * mailbox.
 */

import type { MailboxId } from '../contract.ts';
import { mailboxIdAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface MailboxPop3 {
  readonly address: string;
  readonly enabled: boolean;
  readonly actor: string;
}

export const setMailboxPop3: Statement<MailboxPop3, MailboxId> = {
  name: 'set_mailbox_pop3',
  text: `
with changed as (
  update mailbox set pop3_enabled = $2::boolean, credential_version = credential_version + 1
  where address = $1 and status <> 'deleting'
  returning mailbox_id),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $3, 'mailbox.set', mailbox_id, $1, jsonb_build_object('pop3', $2::boolean) from changed)
select mailbox_id from changed`,
  parameters: ({ address, enabled, actor }) => [address, String(enabled), actor],
  row: (row) => mailboxIdAt(row, 0),
};
