/**
 * Domains in the order of their names, a page at a time.
 */

import { booleanAt, numberAt, numberOrNullAt, textAt } from '../field.ts';
import type { Statement } from '../statement.ts';
import type { Page } from './list-mailboxes.ts';

export interface DomainRow {
  readonly name: string;
  readonly undeleteWindowSeconds: number;
  readonly pop3Enabled: boolean;
  readonly loginDelaySeconds: number;
  readonly mailboxes: number;
  /** Of each mailbox without its own; null: no bound. */
  readonly quotaOctets: number | null;
  /** Another one after each change of what is set; never that of another domain. */
  readonly settingsVersion: string;
}

export const listDomains: Statement<Page, DomainRow> = {
  name: 'list_domains',
  text: `
select d.name, extract(epoch from d.undelete_window)::bigint,
       d.pop3_enabled, ceil(extract(epoch from d.login_delay)),
       (select count(*) from mailbox m where m.domain_id = d.domain_id), d.quota_octets,
       d.domain_id || '-' || d.xmin
from domain d where d.name > $1 order by d.name limit $2`,
  parameters: ({ after = '', limit }) => [after, String(limit)],
  row: (row) => ({
    name: textAt(row, 0),
    undeleteWindowSeconds: numberAt(row, 1),
    pop3Enabled: booleanAt(row, 2),
    loginDelaySeconds: numberAt(row, 3),
    mailboxes: numberAt(row, 4),
    quotaOctets: numberOrNullAt(row, 5),
    settingsVersion: textAt(row, 6),
  }),
};
