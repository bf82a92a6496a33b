/**
 * Who may open a mailbox's maildrop besides itself, and what it may open: both sides, grants and
 * master grants. One row without a grant when there is none; no row when there is no such mailbox.
 */

import { booleanAt, textAt, textOrNullAt } from '../field.ts';
import { pageRowsMax } from '../limits.ts';
import type { Statement } from '../statement.ts';

export interface GrantRow {
  /**
   * `opened-by`: `name` may open it, by a grant, or as the master user of `domain` or of all.
   * `opens`: it may open `name`. `opens-domain`: all of `domain`, or all there is.
   */
  readonly kind: 'opened-by' | 'opened-by-master' | 'opens' | 'opens-domain';
  /** An address. */
  readonly name: string;
  /** Of a master grant; null for all domains. */
  readonly domain: string | null;
}

function kindOf(text: string): GrantRow['kind'] {
  if (text === 'opened-by' || text === 'opened-by-master' || text === 'opens') return text;
  return 'opens-domain';
}

export const listGrants: Statement<string, GrantRow | null> = {
  name: 'list_grants',
  text: `
with found as (select mailbox_id, domain_id, address from mailbox where address = $1),
granted as (
  select 'opened-by' as kind, m.address as name, null as domain
  from found f join mailbox_grant g on g.mailbox_id = f.mailbox_id
  join mailbox m on m.mailbox_id = g.grantee_id
  union all
  select 'opened-by-master', m.address, d.name
  from found f join master_grant g on g.domain_id is null or g.domain_id = f.domain_id
  join mailbox m on m.mailbox_id = g.grantee_id and m.mailbox_id <> f.mailbox_id
  left join domain d on d.domain_id = g.domain_id
  union all
  select 'opens', m.address, null
  from found f join mailbox_grant g on g.grantee_id = f.mailbox_id
  join mailbox m on m.mailbox_id = g.mailbox_id
  union all
  select 'opens-domain', f.address, d.name
  from found f join master_grant g on g.grantee_id = f.mailbox_id
  left join domain d on d.domain_id = g.domain_id)
select g.kind is not null, g.kind, g.name, g.domain
from found left join granted g on true
order by g.kind, g.name, g.domain limit ${pageRowsMax}`,
  parameters: (address) => [address],
  row: (row) =>
    booleanAt(row, 0)
      ? { kind: kindOf(textAt(row, 1)), name: textAt(row, 2), domain: textOrNullAt(row, 3) }
      : null,
};
