/**
 * Removes a credential and bumps the version of its mailbox. With a password go the SCRAM secrets
 * that were made of it. Answers no row when the mailbox has no such credential.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface RevokedCredential {
  readonly address: string;
  readonly credentialId: string;
  readonly actor: string;
}

export const revokeCredential: Statement<RevokedCredential, string> = {
  name: 'revoke_credential',
  text: `
with found as (
  select m.mailbox_id, c.credential_id, c.kind
  from mailbox m join credential c on c.mailbox_id = m.mailbox_id
  where m.address = $1 and c.credential_id = $2),
bumped as (
  update mailbox set credential_version = credential_version + 1
  where mailbox_id = (select f.mailbox_id from found f)
  returning mailbox_id),
removed as (
  delete from credential c using found f
  where c.mailbox_id = (select b.mailbox_id from bumped b)
    and (c.credential_id = f.credential_id
      or (f.kind = 'password' and c.kind in ('scram-sha-1', 'scram-sha-256')))),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $3, f.kind || '.revoke', f.mailbox_id, $1,
         jsonb_build_object('credentialId', f.credential_id::text)
  from found f join bumped b on b.mailbox_id = f.mailbox_id)
select f.kind from found f join bumped b on b.mailbox_id = f.mailbox_id`,
  parameters: ({ address, credentialId, actor }) => [address, credentialId, actor],
  row: (row) => textAt(row, 0),
};
