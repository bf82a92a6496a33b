/**
 * Adds a name under which a mailbox logs in. What was verified before stays right, so the version
 * stays too. Answers no row when there is no such mailbox, and whether there was room for one more.
 */

import { booleanAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface NewLoginName {
  readonly address: string;
  /** Canonical; free of blanks and controls. */
  readonly name: string;
  /** So many names a mailbox may have. */
  readonly countMax: number;
  readonly actor: string;
}

export const addLoginName: Statement<NewLoginName, boolean> = {
  name: 'add_login_name',
  text: `
with found as (
  select m.mailbox_id,
         (select count(*) from login_name n where n.mailbox_id = m.mailbox_id) < $3::int as fits
  from mailbox m where m.address = $1),
added as (
  insert into login_name (name, mailbox_id) select $2, mailbox_id from found where fits
  returning mailbox_id),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $4, 'alias.add', mailbox_id, $1, jsonb_build_object('name', $2::text) from added)
select fits from found`,
  parameters: ({ address, name, countMax, actor }) => [address, name, String(countMax), actor],
  row: (row) => booleanAt(row, 0),
};
