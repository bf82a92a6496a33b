/**
 * Adds the SCRAM secrets of a password that has just been verified, where there are none, as long
 * as the version it was verified under is current: else they would be those of an old password. The
 * version stays, since nobody can log in who could not before. Answers the kinds that were added.
 *
 * The mailbox is locked first: a change of the password waits for this and then drops or replaces
 * them (set-password.ts), or this waits for it and finds another version.
 */

import type { MailboxId } from '../contract.ts';
import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface ScramSecrets {
  readonly mailboxId: MailboxId;
  /** Under which the password was verified. */
  readonly credentialVersion: string;
  readonly scramSha1?: string | null;
  readonly scramSha256?: string | null;
  readonly actor: string;
}

export const addScramSecrets: Statement<ScramSecrets, string> = {
  name: 'add_scram_secrets',
  text: `
with current as (
  select mailbox_id, address from mailbox
  where mailbox_id = $1 and credential_version = $2
  for no key update),
added as (
  insert into credential (mailbox_id, credential_id, kind, secret)
  select c.mailbox_id, nextval('credential_id_seq'), w.kind, w.secret
  from current c
  cross join (values ('scram-sha-1', $3::text), ('scram-sha-256', $4::text)) w (kind, secret)
  where w.secret is not null
  on conflict (mailbox_id, kind)
    where kind in ('password', 'scram-sha-1', 'scram-sha-256', 'apop')
  do nothing
  returning mailbox_id, kind),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $5, 'credential.scram', c.mailbox_id, c.address, jsonb_build_object('kind', a.kind)
  from added a join current c on c.mailbox_id = a.mailbox_id)
select kind from added`,
  parameters: ({ mailboxId, credentialVersion, scramSha1 = null, scramSha256 = null, actor }) => [
    mailboxId,
    credentialVersion,
    scramSha1,
    scramSha256,
    actor,
  ],
  row: (row) => textAt(row, 0),
};
