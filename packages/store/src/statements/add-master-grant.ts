/**
 * Makes a mailbox a master user, of one domain or of all, and bumps its version. Answers whether the
 * domain and the mailbox are there, and whether it was none before.
 */

import { booleanAt } from '../field.ts';
import type { Statement } from '../statement.ts';
import type { GrantChange } from './add-grant.ts';

export interface MasterGrant {
  /** Who may open the maildrops. */
  readonly grantee: string;
  /** Whose maildrops; null for those of all domains, of later ones too. */
  readonly domain: string | null;
  readonly actor: string;
}

export const addMasterGrant: Statement<MasterGrant, GrantChange> = {
  name: 'add_master_grant',
  text: `
with scope as (
  select domain_id from domain where name = $2::text
  union all select null where $2::text is null),
grantee as (select mailbox_id from mailbox where address = $1),
added as (
  insert into master_grant (grantee_id, domain_id)
  select g.mailbox_id, s.domain_id from grantee g cross join scope s
  on conflict do nothing
  returning grantee_id),
bumped as (
  update mailbox set credential_version = credential_version + 1
  where mailbox_id = (select a.grantee_id from added a)),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $3, 'master.add', grantee_id, $1, jsonb_build_object('domain', $2::text) from added)
select exists (select from scope), exists (select from grantee), exists (select from added)`,
  parameters: ({ grantee, domain, actor }) => [grantee, domain, actor],
  row: (row) => ({
    hasSubject: booleanAt(row, 0),
    hasGrantee: booleanAt(row, 1),
    isChanged: booleanAt(row, 2),
  }),
};
