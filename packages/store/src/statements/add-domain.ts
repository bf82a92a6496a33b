/**
 * Adds a domain, with its audit row.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface NewDomain {
  /** Canonical, in lower case. */
  readonly name: string;
  /** How long a flagged message can be restored; 0 by default. */
  readonly undeleteWindowSeconds?: number | undefined;
  readonly pop3Enabled?: boolean | undefined;
  readonly loginDelaySeconds?: number | undefined;
  readonly quotaOctets?: number | null | undefined;
  readonly actor: string;
}

export const addDomain: Statement<NewDomain, string> = {
  name: 'add_domain',
  text: `
with added as (
  insert into domain (name, undelete_window, pop3_enabled, login_delay, quota_octets)
  values ($1, make_interval(secs => $2::float8), $4::boolean, make_interval(secs => $5::float8),
          $6::bigint)
  returning domain_id),
audited as (
  insert into audit (actor, action, subject) select $3, 'domain.add', $1 from added)
select domain_id from added`,
  parameters: (given) => [
    given.name,
    String(given.undeleteWindowSeconds ?? 0),
    given.actor,
    String(given.pop3Enabled ?? true),
    String(given.loginDelaySeconds ?? 0),
    given.quotaOctets === undefined || given.quotaOctets === null
      ? null
      : String(given.quotaOctets),
  ],
  row: (row) => textAt(row, 0),
};
