/**
 * Adds an app password or a certificate's name to a mailbox and bumps its version, unless it has
 * this one already or as many as it may. Answers no row when there is no such mailbox. To be run
 * behind `lockMailboxes` in one transaction: they are counted.
 */

import { textAt, textOrNullAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface NewCredential {
  readonly address: string;
  readonly kind: 'app-password' | 'certificate';
  readonly secret: string;
  readonly label: string;
  readonly expiresAt: Date | null;
  /** So many of its kind a mailbox may have. */
  readonly countMax: number;
  readonly actor: string;
}

export type AddedCredential =
  | { readonly kind: 'added'; readonly credentialId: string }
  | { readonly kind: 'full' | 'known' };

export const addCredential: Statement<NewCredential, AddedCredential> = {
  name: 'add_credential',
  text: `
with found as (
  select m.mailbox_id,
         case when c.same > 0 then 'known' when c.count >= $6::int then 'full' else 'added' end as outcome
  from mailbox m
  cross join lateral (
    select count(*) as count, count(*) filter (where c.secret = $3) as same
    from credential c where c.mailbox_id = m.mailbox_id and c.kind = $2) c
  where m.address = $1),
bumped as (
  update mailbox set credential_version = credential_version + 1
  where mailbox_id = (select f.mailbox_id from found f where f.outcome = 'added')
  returning mailbox_id),
added as (
  insert into credential (mailbox_id, credential_id, kind, secret, label, expires_at)
  select mailbox_id, nextval('credential_id_seq'), $2, $3, $4, $5::timestamptz from bumped
  returning mailbox_id, credential_id),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $7, $2 || '.add', mailbox_id, $1,
         jsonb_build_object('credentialId', credential_id::text, 'label', $4::text)
  from added)
select outcome, (select credential_id from added) from found`,
  parameters: ({ address, kind, secret, label, expiresAt, countMax, actor }) => [
    address,
    kind,
    secret,
    label,
    expiresAt === null ? null : expiresAt.toISOString(),
    String(countMax),
    actor,
  ],
  row: (row) => {
    const credentialId = textOrNullAt(row, 1);
    if (credentialId !== null) return { kind: 'added', credentialId };
    return { kind: textAt(row, 0) === 'full' ? 'full' : 'known' };
  },
};
