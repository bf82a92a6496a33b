/**
 * Replaces a stored hash by another one of the same secret, if it is still the one that was read.
 * The version stays: whoever knew the secret knows it still. Answers a row when it was replaced.
 *
 * Plan: primary key look-ups.
 */

import type { MailboxId } from '../contract.ts';
import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface Rehash {
  readonly mailboxId: MailboxId;
  readonly credentialId: string;
  /** As `findLogin` gave it. */
  readonly oldSecret: string;
  readonly newSecret: string;
  readonly actor: string;
}

export const rehashCredential: Statement<Rehash, string> = {
  name: 'rehash_credential',
  text: `
with replaced as (
  update credential set secret = $4
  where mailbox_id = $1 and credential_id = $2 and secret = $3
    and kind in ('password', 'app-password')
  returning mailbox_id, credential_id),
audited as (
  insert into audit (actor, action, mailbox_id, subject)
  select $5, 'credential.rehash', r.mailbox_id,
         (select m.address from mailbox m where m.mailbox_id = $1)
  from replaced r)
select credential_id from replaced`,
  parameters: ({ mailboxId, credentialId, oldSecret, newSecret, actor }) => [
    mailboxId,
    credentialId,
    oldSecret,
    newSecret,
    actor,
  ],
  row: (row) => textAt(row, 0),
};
