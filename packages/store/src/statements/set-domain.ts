/**
 * Changes what is set for a domain; what is not given stays. No version is bumped, which would be
 * one for each of its mailboxes: each opening looks at the domain itself. Answers whether it did, which it
 * does not where the row is of another version than the caller has seen, or no row when there is no such domain.
 */

import { booleanAt } from '../field.ts';
import { textArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface DomainSettings {
  readonly name: string;
  readonly pop3Enabled?: boolean | undefined;
  /** How soon after an opening of a maildrop the next one may come: 0 to a day. */
  readonly loginDelaySeconds?: number | undefined;
  /** How long what a QUIT removes can be restored; of QUITs from now on. */
  readonly undeleteWindowSeconds?: number | undefined;
  /** Of each mailbox without its own; null for none. */
  readonly quotaOctets?: number | null | undefined;
  /** Versions of which one must be the present one, or nothing is changed; null or absent: any. */
  readonly versions?: readonly string[] | null | undefined;
  readonly actor: string;
}

function textOf(value: boolean | number | null | undefined): string | null {
  return value === undefined || value === null ? null : String(value);
}

export const setDomain: Statement<DomainSettings, boolean> = {
  name: 'set_domain',
  text: `
with found as (select domain_id from domain where name = $1),
changed as (
  update domain
  set pop3_enabled = coalesce($2::boolean, pop3_enabled),
      login_delay = coalesce(make_interval(secs => $3::float8), login_delay),
      undelete_window = coalesce(make_interval(secs => $4::float8), undelete_window),
      quota_octets = case when $6::boolean then $7::bigint else quota_octets end
  where name = $1 and ($8::text[] is null or domain_id || '-' || xmin = any($8))
  returning domain_id),
audited as (
  insert into audit (actor, action, subject, detail)
  select $5, 'domain.set', $1, jsonb_strip_nulls(jsonb_build_object(
    'pop3', $2::boolean, 'loginDelaySeconds', $3::float8, 'undeleteWindowSeconds', $4::float8))
         || case when $6::boolean then jsonb_build_object('quotaOctets', $7::bigint) else '{}' end
  from changed)
select exists (select from changed) from found`,
  parameters: (given) => [
    given.name,
    textOf(given.pop3Enabled),
    textOf(given.loginDelaySeconds),
    textOf(given.undeleteWindowSeconds),
    given.actor,
    String(given.quotaOctets !== undefined),
    textOf(given.quotaOctets),
    given.versions === undefined || given.versions === null ? null : textArray(given.versions),
  ],
  row: (row) => booleanAt(row, 0),
};
