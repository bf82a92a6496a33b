/**
 * Marks a mailbox as being deleted: nobody logs in to it and it takes no mail from this commit on, and
 * after its grace it is removed for good (remove-mailbox.ts). One that is being deleted already may only get less
 * of a grace, never more: who asked first was told until when. Answers no row when there is no such mailbox.
 *
 * What is less is compared behind the lock of the row, so of two at once the shorter one counts.
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

export interface MailboxDeletion {
  /** Marked, or its grace made shorter. */
  readonly isMarked: boolean;
  /** It was being deleted before. */
  readonly wasDeleting: boolean;
  /** The row, as the statement found it, is of a version that the caller has seen. */
  readonly isSeen: boolean;
}

export const deleteMailbox: Statement<DeletedMailbox, MailboxDeletion> = {
  name: 'delete_mailbox',
  text: `
with found as (
  select mailbox_id, status = 'deleting' as was_deleting,
         $4::text[] is null or mailbox_id || '-' || xmin = any($4) as is_seen
  from mailbox where address = $1),
marked as (
  update mailbox
  set status = 'deleting', delete_after = now() + make_interval(secs => $2::float8),
      credential_version = credential_version + 1
  where address = $1
    and (status <> 'deleting' or delete_after > now() + make_interval(secs => $2::float8))
    and ($4::text[] is null or mailbox_id || '-' || xmin = any($4))
  returning mailbox_id, delete_after),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $3, case when f.was_deleting then 'mailbox.shorten' else 'mailbox.delete' end, m.mailbox_id, $1,
         jsonb_build_object('deleteAfter', m.delete_after)
  from marked m cross join found f)
select exists (select from marked), was_deleting, is_seen from found`,
  parameters: ({ address, graceSeconds, actor, versions }) => [
    address,
    String(graceSeconds),
    actor,
    versions === undefined || versions === null ? null : textArray(versions),
  ],
  row: (row) => ({
    isMarked: booleanAt(row, 0),
    wasDeleting: booleanAt(row, 1),
    isSeen: booleanAt(row, 2),
  }),
};
