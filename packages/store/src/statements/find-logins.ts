/**
 * The mailboxes behind a batch of login names, one row for each credential that has not expired and
 * one without a credential for a mailbox that has none; on each, the other maildrop that was asked
 * for, if the mailbox may open it.
 *
 * Plan: a nested loop of unique index look-ups; a grant is looked for by its primary key, a master
 * grant among the few of its grantee.
 */

import type { LoginTarget, MailboxId } from '../contract.ts';
import {
  booleanAt,
  mailboxIdAt,
  numberAt,
  numberOrNullAt,
  textAt,
  textOrNullAt,
} from '../field.ts';
import { textArray } from '../parameter.ts';

import type { Statement } from '../statement.ts';

export interface LoginRequest {
  readonly name: string;
  /** A name of the maildrop to open instead of one's own. */
  readonly maildropName: string | null;
}

export interface LoginRow {
  /** Position of the request. */
  readonly index: number;
  readonly mailboxId: MailboxId;
  readonly address: string;
  readonly credentialVersion: string;
  readonly enabled: boolean;
  readonly target: LoginTarget | null;
  readonly credentialId: string | null;
  readonly kind: string | null;
  readonly secret: string | null;
  readonly expiresInSeconds: number | null;
}

export const findLogins: Statement<readonly LoginRequest[], LoginRow> = {
  name: 'find_logins',
  text: `
select w.n - 1, m.mailbox_id, m.address, m.credential_version,
       m.status = 'active' and m.pop3_enabled and d.pop3_enabled, t.mailbox_id, t.address,
       c.credential_id, c.kind, c.secret, floor(extract(epoch from c.expires_at - now()))
from unnest($1::text[], $2::text[]) with ordinality as w (name, maildrop, n)
cross join lateral (
  select n.mailbox_id from login_name n where n.name = w.name collate "C" offset 0) n
cross join lateral (
  select * from mailbox m where m.mailbox_id = n.mailbox_id offset 0) m
cross join lateral (
  select d.pop3_enabled from domain d where d.domain_id = m.domain_id offset 0) d
left join lateral (
  select o.mailbox_id from login_name o
  where w.maildrop <> '' and o.name = w.maildrop collate "C" offset 0) o on true
left join lateral (
  select t.mailbox_id, t.address from mailbox t
  where t.mailbox_id = o.mailbox_id
    and (t.mailbox_id = m.mailbox_id
      or exists (
        select from mailbox_grant g
        where g.mailbox_id = t.mailbox_id and g.grantee_id = m.mailbox_id offset 0)
      or exists (
        select from master_grant g
        where g.grantee_id = m.mailbox_id
          and (g.domain_id is null or g.domain_id = t.domain_id) offset 0))
  offset 0) t on true
left join lateral (
  select c.credential_id, c.kind, c.secret, c.expires_at from credential c
  where c.mailbox_id = m.mailbox_id and (c.expires_at is null or c.expires_at > now())
  offset 0) c on true`,
  parameters: (requests) => [
    textArray(requests.map(({ name }) => name)),
    // No name is empty, so an empty one finds nothing.
    textArray(requests.map(({ maildropName }) => maildropName ?? '')),
  ],
  row: (row) => ({
    index: numberAt(row, 0),
    mailboxId: mailboxIdAt(row, 1),
    address: textAt(row, 2),
    credentialVersion: textAt(row, 3),
    enabled: booleanAt(row, 4),
    target: row[5] === null ? null : { mailboxId: mailboxIdAt(row, 5), address: textAt(row, 6) },
    credentialId: textOrNullAt(row, 7),
    kind: textOrNullAt(row, 8),
    secret: textOrNullAt(row, 9),
    expiresInSeconds: numberOrNullAt(row, 10),
  }),
};
