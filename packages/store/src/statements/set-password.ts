/**
 * Sets the password of a mailbox and bumps its credential version, so that what was verified
 * before opens nothing from this commit on. Answers no row when there is no such mailbox.
 */

import type { MailboxId } from '../contract.ts';
import { mailboxIdAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface NewPassword {
  readonly address: string;
  /** The stored form: a PHC string. */
  readonly secret: string;
  readonly actor: string;
}

export const setPassword: Statement<NewPassword, MailboxId> = {
  name: 'set_password',
  text: `
with bumped as (
  update mailbox set credential_version = credential_version + 1 where address = $1
  returning mailbox_id),
armed as (
  insert into credential (mailbox_id, credential_id, kind, secret)
  select mailbox_id, nextval('credential_id_seq'), 'password', $2 from bumped
  on conflict (mailbox_id) where kind = 'password'
  do update set secret = excluded.secret, created_at = now(), last_used_on = null),
audited as (
  insert into audit (actor, action, mailbox_id, subject)
  select $3, 'mailbox.passwd', mailbox_id, $1 from bumped)
select mailbox_id from bumped`,
  parameters: ({ address, secret, actor }) => [address, secret, actor],
  row: (row) => mailboxIdAt(row, 0),
};
