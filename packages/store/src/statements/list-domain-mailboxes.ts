/**
 * Mailboxes of one domain in the order of their addresses, a page at a time, and if wanted only those whose
 * address has a text in it: then all others of the domain may be read.
 *
 * A statement beside that for all domains, because one for both would walk through every address of the site
 * for a domain of three.
 *
 * Plan: along the index of a domain's addresses.
 */

import type { Statement } from '../statement.ts';
import { type MailboxRow, mailboxColumns, mailboxRowOf, type Page } from './list-mailboxes.ts';

export interface DomainMailboxPage extends Page {
  /** Canonical. */
  readonly domain: string;
  /** In lower case; anywhere in the address. */
  readonly search?: string;
}

export const listDomainMailboxes: Statement<DomainMailboxPage, MailboxRow> = {
  name: 'list_domain_mailboxes',
  text: `
select ${mailboxColumns}
from mailbox m
cross join lateral (
  select d.messages, d.octets from maildrop d where d.mailbox_id = m.mailbox_id offset 0) d
where m.domain_id = (select domain_id from domain where name = $3)
  and m.address > $1
  and ($4::text is null or position($4 in m.address) > 0)
order by m.address limit $2`,
  parameters: ({ after = '', limit, domain, search }) => [
    after,
    String(limit),
    domain,
    search ?? null,
  ],
  row: mailboxRowOf,
};
