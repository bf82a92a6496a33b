/**
 * Mailboxes with their counters in the order of their addresses, a page at a time, of one domain
 * or of all, and if wanted only those whose address has a text in it: then a million others are read in
 * about a second.
 */

import type { MailboxId } from '../contract.ts';
import { mailboxIdAt, numberAt, textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface Page {
  /** The last key of the page before; from the beginning without it. */
  readonly after?: string;
  /** Rows wanted at most. */
  readonly limit: number;
}

export interface MailboxPage extends Page {
  readonly domain?: string;
  /** In lower case; anywhere in the address. */
  readonly search?: string;
}

export interface MailboxRow {
  readonly mailboxId: MailboxId;
  readonly address: string;
  readonly status: string;
  readonly messages: number;
  readonly octets: number;
}

export const listMailboxes: Statement<MailboxPage, MailboxRow> = {
  name: 'list_mailboxes',
  text: `
select m.mailbox_id, m.address, m.status, d.messages, d.octets
from mailbox m join maildrop d on d.mailbox_id = m.mailbox_id
where m.address > $1
  and ($3::text is null or m.domain_id = (select domain_id from domain where name = $3))
  and ($4::text is null or position($4 in m.address) > 0)
order by m.address limit $2`,
  parameters: ({ after = '', limit, domain, search }) => [
    after,
    String(limit),
    domain ?? null,
    search ?? null,
  ],
  row: (row) => ({
    mailboxId: mailboxIdAt(row, 0),
    address: textAt(row, 1),
    status: textAt(row, 2),
    messages: numberAt(row, 3),
    octets: numberAt(row, 4),
  }),
};
