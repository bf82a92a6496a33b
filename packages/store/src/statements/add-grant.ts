/**
 * Lets a mailbox open the maildrop of another one, and bumps its version. Answers which of the two
 * are there, and whether there was no such grant before.
 */

import { booleanAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface Grant {
  /** The mailbox whose maildrop may be opened. */
  readonly address: string;
  /** Who may open it. */
  readonly grantee: string;
  readonly actor: string;
}

/** What a change of a grant met. */
export interface GrantChange {
  /** What it is a grant of: a mailbox, or a domain. */
  readonly hasSubject: boolean;
  readonly hasGrantee: boolean;
  readonly isChanged: boolean;
}

export const addGrant: Statement<Grant, GrantChange> = {
  name: 'add_grant',
  text: `
with opened as (select mailbox_id from mailbox where address = $1),
grantee as (select mailbox_id from mailbox where address = $2),
added as (
  insert into mailbox_grant (mailbox_id, grantee_id)
  select o.mailbox_id, g.mailbox_id from opened o cross join grantee g
  on conflict do nothing
  returning mailbox_id, grantee_id),
bumped as (
  update mailbox set credential_version = credential_version + 1
  where mailbox_id = (select a.grantee_id from added a)),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $3, 'grant.add', mailbox_id, $1, jsonb_build_object('grantee', $2::text) from added)
select exists (select from opened), exists (select from grantee), exists (select from added)`,
  parameters: ({ address, grantee, actor }) => [address, grantee, actor],
  row: (row) => ({
    hasSubject: booleanAt(row, 0),
    hasGrantee: booleanAt(row, 1),
    isChanged: booleanAt(row, 2),
  }),
};
