/**
 * The mailboxes behind a batch of login names, one row for each credential that has not expired and
 * one without a credential for a mailbox that has none.
 *
 * Plan: a nested loop of unique index look-ups.
 */

import type { MailboxId } from '../contract.ts';
import { booleanAt, mailboxIdAt, textAt, textOrNullAt } from '../field.ts';
import { textArray } from '../parameter.ts';

import type { Statement } from '../statement.ts';

export interface LoginRow {
  readonly name: string;
  readonly mailboxId: MailboxId;
  readonly address: string;
  readonly credentialVersion: string;
  readonly enabled: boolean;
  readonly kind: string | null;
  readonly secret: string | null;
}

export const findLogins: Statement<readonly string[], LoginRow> = {
  name: 'find_logins',
  text: `
select n.name, m.mailbox_id, m.address, m.credential_version,
       m.status = 'active' and m.pop3_enabled, c.kind, c.secret
from unnest($1::text[]) as w (name)
cross join lateral (
  select n.name, n.mailbox_id from login_name n where n.name = w.name collate "C" offset 0) n
cross join lateral (
  select * from mailbox m where m.mailbox_id = n.mailbox_id offset 0) m
left join lateral (
  select c.kind, c.secret from credential c
  where c.mailbox_id = m.mailbox_id and (c.expires_at is null or c.expires_at > now())
  offset 0) c on true`,
  parameters: (names) => [textArray(names)],
  row: (row) => ({
    name: textAt(row, 0),
    mailboxId: mailboxIdAt(row, 1),
    address: textAt(row, 2),
    credentialVersion: textAt(row, 3),
    enabled: booleanAt(row, 4),
    kind: textOrNullAt(row, 5),
    secret: textOrNullAt(row, 6),
  }),
};
