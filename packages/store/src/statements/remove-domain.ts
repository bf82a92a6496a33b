/**
 * Removes a domain that has no mailbox, with its audit row. Answers whether it had none, or no row when
 * there is no such domain.
 */

import { booleanAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface RemovedDomain {
  readonly name: string;
  readonly actor: string;
}

export const removeDomain: Statement<RemovedDomain, boolean> = {
  name: 'remove_domain',
  text: `
with found as (
  select d.domain_id, not exists (select from mailbox m where m.domain_id = d.domain_id) as is_empty
  from domain d where d.name = $1 for update of d),
removed as (
  delete from domain d using found f where d.domain_id = f.domain_id and f.is_empty
  returning d.domain_id),
audited as (
  insert into audit (actor, action, subject) select $2, 'domain.remove', $1 from removed)
select f.is_empty from found f`,
  parameters: ({ name, actor }) => [name, actor],
  row: (row) => booleanAt(row, 0),
};
