/**
 * Removes a domain that has no mailbox, with its audit row. Answers whether it had none and is of the version
 * that the caller has seen, or no row when there is no such domain. The version is that of the row as it is locked.
 */

import { booleanAt } from '../field.ts';
import { textArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface RemovedDomain {
  readonly name: string;
  /** Versions of which one must be the present one, or nothing is changed; null or absent: any. */
  readonly versions?: readonly string[] | null | undefined;
  readonly actor: string;
}

export interface DomainRemoval {
  readonly isEmpty: boolean;
  readonly isSeen: boolean;
}

export const removeDomain: Statement<RemovedDomain, DomainRemoval> = {
  name: 'remove_domain',
  text: `
with found as (
  select d.domain_id, not exists (select from mailbox m where m.domain_id = d.domain_id) as is_empty,
         $3::text[] is null or d.domain_id || '-' || d.xmin = any($3) as is_seen
  from domain d where d.name = $1 for update of d),
removed as (
  delete from domain d using found f where d.domain_id = f.domain_id and f.is_empty and f.is_seen
  returning d.domain_id),
audited as (
  insert into audit (actor, action, subject) select $2, 'domain.remove', $1 from removed)
select f.is_empty, f.is_seen from found f`,
  parameters: ({ name, actor, versions }) => [
    name,
    actor,
    versions === undefined || versions === null ? null : textArray(versions),
  ],
  row: (row) => ({ isEmpty: booleanAt(row, 0), isSeen: booleanAt(row, 1) }),
};
