/**
 * Removes a domain that has no mailbox, with its audit row. Answers whether it had none and is of the version
 * that the caller has seen, with what it has, or no row when there is no such domain. The version is that of the row
 * as it is locked.
 */

import { booleanAt, dateOrNullAt, numberAt } from '../field.ts';
import { textArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface RemovedDomain {
  readonly name: string;
  /** Versions of which one must be the present one, or nothing is changed; null or absent: any. */
  readonly versions?: readonly string[] | null | undefined;
  readonly actor: string;
}

export interface DomainRemoval {
  /** That are not being deleted. */
  readonly mailboxes: number;
  readonly deletedMailboxes: number;
  /** When the grace of the last one of these is over; null when there is none. */
  readonly deletedUntil: Date | null;
  readonly isSeen: boolean;
}

export const removeDomain: Statement<RemovedDomain, DomainRemoval> = {
  name: 'remove_domain',
  text: `
with found as (
  select d.domain_id, $3::text[] is null or d.domain_id || '-' || d.xmin = any($3) as is_seen
  from domain d where d.name = $1 for update of d),
left_over as (
  select count(*) filter (where m.status <> 'deleting') as mailboxes,
         count(*) filter (where m.status = 'deleting') as deleted,
         max(m.delete_after) filter (where m.status = 'deleting') as deleted_until
  from mailbox m where m.domain_id = (select domain_id from found)),
removed as (
  delete from domain d using found f, left_over l
  where d.domain_id = f.domain_id and f.is_seen and l.mailboxes + l.deleted = 0
  returning d.domain_id),
audited as (
  insert into audit (actor, action, subject) select $2, 'domain.remove', $1 from removed)
select f.is_seen, l.mailboxes, l.deleted, extract(epoch from l.deleted_until) * 1000
from found f cross join left_over l`,
  parameters: ({ name, actor, versions }) => [
    name,
    actor,
    versions === undefined || versions === null ? null : textArray(versions),
  ],
  row: (row) => ({
    isSeen: booleanAt(row, 0),
    mailboxes: numberAt(row, 1),
    deletedMailboxes: numberAt(row, 2),
    deletedUntil: dateOrNullAt(row, 3),
  }),
};
