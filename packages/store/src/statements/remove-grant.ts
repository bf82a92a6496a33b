/**
 * Ends the right of a mailbox to open the maildrop of another one, and bumps its version: what it
 * verified before opens nothing from this commit on. Answers which of the two are there, and whether
 * there was such a grant.
 */

import { booleanAt } from '../field.ts';
import type { Statement } from '../statement.ts';
import type { Grant, GrantChange } from './add-grant.ts';

export const removeGrant: Statement<Grant, GrantChange> = {
  name: 'remove_grant',
  text: `
with opened as (select mailbox_id from mailbox where address = $1),
grantee as (select mailbox_id from mailbox where address = $2),
removed as (
  delete from mailbox_grant
  where mailbox_id = (select o.mailbox_id from opened o)
    and grantee_id = (select g.mailbox_id from grantee g)
  returning mailbox_id, grantee_id),
bumped as (
  update mailbox set credential_version = credential_version + 1
  where mailbox_id = (select r.grantee_id from removed r)),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $3, 'grant.remove', mailbox_id, $1, jsonb_build_object('grantee', $2::text) from removed)
select exists (select from opened), exists (select from grantee), exists (select from removed)`,
  parameters: ({ address, grantee, actor }) => [address, grantee, actor],
  row: (row) => ({
    hasSubject: booleanAt(row, 0),
    hasGrantee: booleanAt(row, 1),
    isChanged: booleanAt(row, 2),
  }),
};
