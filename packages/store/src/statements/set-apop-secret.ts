/**
 * Sets or drops the APOP secret of a mailbox and bumps its version. Answers no row when there is no
 * such mailbox.
 */

import type { MailboxId } from '../contract.ts';
import { mailboxIdAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface NewApopSecret {
  readonly address: string;
  /** The shared secret itself (RFC 1939 section 7); null for none. */
  readonly secret: string | null;
  readonly actor: string;
}

export const setApopSecret: Statement<NewApopSecret, MailboxId> = {
  name: 'set_apop_secret',
  text: `
with bumped as (
  update mailbox set credential_version = credential_version + 1 where address = $1
  returning mailbox_id),
dropped as (
  delete from credential c
  where c.mailbox_id = (select b.mailbox_id from bumped b) and c.kind = 'apop' and $2::text is null),
armed as (
  insert into credential (mailbox_id, credential_id, kind, secret)
  select mailbox_id, nextval('credential_id_seq'), 'apop', $2::text
  from bumped where $2::text is not null
  on conflict (mailbox_id, kind)
    where kind in ('password', 'scram-sha-1', 'scram-sha-256', 'apop')
  do update set secret = excluded.secret, created_at = now(), last_used_on = null),
audited as (
  insert into audit (actor, action, mailbox_id, subject)
  select $3, case when $2::text is null then 'apop.drop' else 'apop.set' end, mailbox_id, $1
  from bumped)
select mailbox_id from bumped`,
  parameters: ({ address, secret, actor }) => [address, secret, actor],
  row: (row) => mailboxIdAt(row, 0),
};
