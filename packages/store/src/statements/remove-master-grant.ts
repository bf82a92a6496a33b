/**
 * Ends what `addMasterGrant` began, for the same domain or for all, and bumps the version of who was
 * a master user. Answers whether the domain and the mailbox are there, and whether it was one.
 */

import { booleanAt } from '../field.ts';
import type { Statement } from '../statement.ts';
import type { GrantChange } from './add-grant.ts';
import type { MasterGrant } from './add-master-grant.ts';

export const removeMasterGrant: Statement<MasterGrant, GrantChange> = {
  name: 'remove_master_grant',
  text: `
with scope as (
  select domain_id from domain where name = $2::text
  union all select null where $2::text is null),
grantee as (select mailbox_id from mailbox where address = $1),
removed as (
  delete from master_grant r using scope s
  where r.grantee_id = (select g.mailbox_id from grantee g)
    and r.domain_id is not distinct from s.domain_id
  returning r.grantee_id),
bumped as (
  update mailbox set credential_version = credential_version + 1
  where mailbox_id = (select r.grantee_id from removed r)),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $3, 'master.remove', grantee_id, $1, jsonb_build_object('domain', $2::text) from removed)
select exists (select from scope), exists (select from grantee), exists (select from removed)`,
  parameters: ({ grantee, domain, actor }) => [grantee, domain, actor],
  row: (row) => ({
    hasSubject: booleanAt(row, 0),
    hasGrantee: booleanAt(row, 1),
    isChanged: booleanAt(row, 2),
  }),
};
