/**
 * Removes a name under which a mailbox logs in and bumps its version, so that no node that remembers
 * whose name it was opens anything by it. The mailbox's own address stays. Answers no row when the
 * mailbox has no such name.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface RemovedLoginName {
  readonly address: string;
  readonly name: string;
  readonly actor: string;
}

export const removeLoginName: Statement<RemovedLoginName, string> = {
  name: 'remove_login_name',
  text: `
with found as (
  select m.mailbox_id from mailbox m
  where m.address = $1 and m.address <> $2
    and m.mailbox_id = (select n.mailbox_id from login_name n where n.name = $2)),
bumped as (
  update mailbox set credential_version = credential_version + 1
  where mailbox_id = (select f.mailbox_id from found f)
  returning mailbox_id),
removed as (
  delete from login_name
  where name = $2 and mailbox_id = (select b.mailbox_id from bumped b)),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $3, 'alias.remove', mailbox_id, $1, jsonb_build_object('name', $2::text) from bumped)
select mailbox_id from bumped`,
  parameters: ({ address, name, actor }) => [address, name, actor],
  row: (row) => textAt(row, 0),
};
