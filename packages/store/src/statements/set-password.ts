/**
 * Sets the password of a mailbox with the SCRAM secrets that were made of it, and bumps its
 * credential version, so that what was verified before opens nothing from this commit on. SCRAM
 * secrets that are not given are those of the old password and go. Answers no row when there is no
 * such mailbox.
 *
 * To be run behind `lockMailboxes` in one transaction: else the DELETE would not see a SCRAM secret
 * that a login added while this waited for the row of the mailbox.
 */

import type { MailboxId } from '../contract.ts';
import { mailboxIdAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface NewPassword {
  readonly address: string;
  /** The stored form: a PHC string or another scheme's. */
  readonly password: string;
  /** What RFC 5803 writes, made of the same password; without it there will be none. */
  readonly scramSha1?: string | null;
  readonly scramSha256?: string | null;
  readonly actor: string;
}

export const setPassword: Statement<NewPassword, MailboxId> = {
  name: 'set_password',
  text: `
with wanted as (
  select * from (values
    ('password', $2::text), ('scram-sha-1', $3::text), ('scram-sha-256', $4::text)) w (kind, secret)),
bumped as (
  update mailbox set credential_version = credential_version + 1 where address = $1
  returning mailbox_id),
dropped as (
  delete from credential c
  where c.mailbox_id = (select b.mailbox_id from bumped b)
    and c.kind in (select w.kind from wanted w where w.secret is null)),
armed as (
  insert into credential (mailbox_id, credential_id, kind, secret)
  select b.mailbox_id, nextval('credential_id_seq'), w.kind, w.secret
  from bumped b cross join wanted w where w.secret is not null
  on conflict (mailbox_id, kind)
    where kind in ('password', 'scram-sha-1', 'scram-sha-256', 'apop')
  do update set secret = excluded.secret, created_at = now(), last_used_on = null),
audited as (
  insert into audit (actor, action, mailbox_id, subject)
  select $5, 'mailbox.passwd', mailbox_id, $1 from bumped)
select mailbox_id from bumped`,
  parameters: ({ address, password, scramSha1 = null, scramSha256 = null, actor }) => [
    address,
    password,
    scramSha1,
    scramSha256,
    actor,
  ],
  row: (row) => mailboxIdAt(row, 0),
};
