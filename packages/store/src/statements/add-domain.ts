/**
 * Adds a domain, with its audit row.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface NewDomain {
  /** Canonical, in lower case. */
  readonly name: string;
  /** How long a flagged message can be restored; 0 by default. */
  readonly undeleteWindowSeconds?: number;
  readonly actor: string;
}

export const addDomain: Statement<NewDomain, string> = {
  name: 'add_domain',
  text: `
with added as (
  insert into domain (name, undelete_window) values ($1, make_interval(secs => $2))
  returning domain_id),
audited as (
  insert into audit (actor, action, subject) select $3, 'domain.add', $1 from added)
select domain_id from added`,
  parameters: ({ name, undeleteWindowSeconds = 0, actor }) => [
    name,
    String(undeleteWindowSeconds),
    actor,
  ],
  row: (row) => textAt(row, 0),
};
