/**
 * Changes what is given of a mailbox: suspended or active, POP3 on or off; and bumps its version, so
 * that what was verified before is stale. Answers whether it did, or no row when there is no such mailbox, or it is
 * being deleted. It does not where the row is of another version than the caller has seen: that is compared again
 * when a change that this one waited for is committed.
 */

import { booleanAt } from '../field.ts';
import { textArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface MailboxSettings {
  readonly address: string;
  readonly status?: 'active' | 'suspended' | undefined;
  readonly pop3Enabled?: boolean | undefined;
  /** Null: that of its domain. */
  readonly quotaOctets?: number | null | undefined;
  /** Versions of which one must be the present one, or nothing is changed; null or absent: any. */
  readonly versions?: readonly string[] | null | undefined;
  readonly actor: string;
}

export const setMailbox: Statement<MailboxSettings, boolean> = {
  name: 'set_mailbox',
  text: `
with found as (
  select mailbox_id from mailbox where address = $1 and status <> 'deleting'),
changed as (
  update mailbox
  set status = coalesce($2::text, status), pop3_enabled = coalesce($3::boolean, pop3_enabled),
      quota_octets = case when $5::boolean then $6::bigint else quota_octets end,
      credential_version = credential_version + 1
  where address = $1 and status <> 'deleting'
    and ($7::text[] is null or mailbox_id || '-' || xmin = any($7))
  returning mailbox_id),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $4, 'mailbox.set', mailbox_id, $1,
         jsonb_strip_nulls(jsonb_build_object('status', $2::text, 'pop3', $3::boolean))
         || case when $5::boolean then jsonb_build_object('quotaOctets', $6::bigint) else '{}' end
  from changed)
select exists (select from changed) from found`,
  parameters: ({ address, status, pop3Enabled, quotaOctets, versions, actor }) => [
    address,
    status ?? null,
    pop3Enabled === undefined ? null : String(pop3Enabled),
    actor,
    String(quotaOctets !== undefined),
    quotaOctets === undefined || quotaOctets === null ? null : String(quotaOctets),
    versions === undefined || versions === null ? null : textArray(versions),
  ],
  row: (row) => booleanAt(row, 0),
};
