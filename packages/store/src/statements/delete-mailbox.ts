/**
 * Marks a mailbox as being deleted: nobody logs in to it and it takes no mail from this commit on, and
 * after its grace it is removed for good (remove-mailbox.ts). Answers whether it is, which it is not
 * where the row is of another version than the caller has seen, or no row when there is no such mailbox or it is
 * being deleted already.
 */

import { booleanAt } from '../field.ts';
import { textArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface DeletedMailbox {
  readonly address: string;
  readonly graceSeconds: number;
  /** Versions of which one must be the present one, or nothing is changed; null or absent: any. */
  readonly versions?: readonly string[] | null | undefined;
  readonly actor: string;
}

export const deleteMailbox: Statement<DeletedMailbox, boolean> = {
  name: 'delete_mailbox',
  text: `
with found as (
  select mailbox_id from mailbox where address = $1 and status <> 'deleting'),
marked as (
  update mailbox
  set status = 'deleting', delete_after = now() + make_interval(secs => $2::float8),
      credential_version = credential_version + 1
  where address = $1 and status <> 'deleting'
    and ($4::text[] is null or mailbox_id || '-' || xmin = any($4))
  returning mailbox_id, delete_after),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $3, 'mailbox.delete', mailbox_id, $1, jsonb_build_object('deleteAfter', delete_after)
  from marked)
select exists (select from marked) from found`,
  parameters: ({ address, graceSeconds, actor, versions }) => [
    address,
    String(graceSeconds),
    actor,
    versions === undefined || versions === null ? null : textArray(versions),
  ],
  row: (row) => booleanAt(row, 0),
};
