/**
 * One domain by its name, in the columns of list-domains.ts.
 */

import type { Statement } from '../statement.ts';
import { type DomainRow, listDomains } from './list-domains.ts';

export const findDomain: Statement<string, DomainRow> = {
  name: 'find_domain',
  text: `
select d.name, extract(epoch from d.undelete_window)::bigint,
       d.pop3_enabled, ceil(extract(epoch from d.login_delay)),
       (select count(*) from mailbox m where m.domain_id = d.domain_id), d.quota_octets,
       d.domain_id || '-' || d.xmin
from domain d where d.name = $1`,
  parameters: (name) => [name],
  row: listDomains.row,
};
