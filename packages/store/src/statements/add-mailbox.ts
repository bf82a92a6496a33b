/**
 * Adds a mailbox with all that belongs to it: login name, password, counters, lock, audit row.
 * Answers no row when the domain does not exist.
 */

import type { MailboxId } from '../contract.ts';
import { mailboxIdAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface NewMailbox {
  /** Canonical `local@domain`, in lower case. */
  readonly address: string;
  /** The stored form of its password: a PHC string. Null for a mailbox nobody can log in to yet. */
  readonly secret: string | null;
  /** What RFC 5803 writes, made of the same password. */
  readonly scramSha1?: string | null;
  readonly scramSha256?: string | null;
  readonly actor: string;
}

export const addMailbox: Statement<NewMailbox, MailboxId> = {
  name: 'add_mailbox',
  text: `
with added as (
  insert into mailbox (domain_id, address)
  select domain_id, $1 from domain where name = $2
  returning mailbox_id),
named as (
  insert into login_name (name, mailbox_id) select $1, mailbox_id from added),
armed as (
  insert into credential (mailbox_id, credential_id, kind, secret)
  select a.mailbox_id, nextval('credential_id_seq'), w.kind, w.secret
  from added a
  cross join (values
    ('password', $3::text), ('scram-sha-1', $5::text), ('scram-sha-256', $6::text)) w (kind, secret)
  where w.secret is not null),
counted as (
  insert into maildrop (mailbox_id) select mailbox_id from added),
lockable as (
  insert into maildrop_lock (mailbox_id) select mailbox_id from added),
audited as (
  insert into audit (actor, action, mailbox_id, subject)
  select $4, 'mailbox.add', mailbox_id, $1 from added)
select mailbox_id from added`,
  parameters: ({ address, secret, scramSha1 = null, scramSha256 = null, actor }) => [
    address,
    address.slice(address.lastIndexOf('@') + 1),
    secret,
    actor,
    scramSha1,
    scramSha256,
  ],
  row: (row) => mailboxIdAt(row, 0),
};
