/**
 * Sets the passwords of a batch of mailboxes from another server, makes the mailboxes that are
 * wanted and not there, and answers what became of each. What is stored already stays as it is, so
 * that an import can be run again and ends no cached login. SCRAM secrets of a password that is
 * replaced go.
 *
 * To be run behind `lockMailboxes` in one transaction, for the reason in set-password.ts. Each
 * address is there once.
 *
 * Plan: a nested loop of unique index look-ups for each, then inserts.
 */

import { numberAt, textAt } from '../field.ts';
import { textArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface ImportBatch {
  readonly addresses: readonly string[];
  /** The stored form of each one's password. */
  readonly secrets: readonly string[];
  /** Make mailboxes that are not there. */
  readonly create: boolean;
  readonly actor: string;
}

const outcomes = ['set', 'created', 'unchanged', 'no-mailbox', 'no-domain', 'name-taken'] as const;

export interface ImportedRow {
  /** Position in the batch. */
  readonly index: number;
  readonly outcome: (typeof outcomes)[number];
}

export const importCredentials: Statement<ImportBatch, ImportedRow> = {
  name: 'import_credentials',
  text: `
with wanted as materialized (
  select w.n, w.address, w.secret, m.mailbox_id, d.domain_id,
         case when m.mailbox_id is not null and m.status <> 'deleting'
                then case when c.secret = w.secret then 'unchanged' else 'set' end
              when d.domain_id is null then 'no-domain'
              when m.mailbox_id is not null or not $3::boolean then 'no-mailbox'
              when o.mailbox_id is not null then 'name-taken'
              else 'created' end as outcome
  from unnest($1::text[], $2::text[]) with ordinality as w (address, secret, n)
  left join lateral (
    select m.mailbox_id, m.status from mailbox m
    where m.address = w.address collate "C" offset 0) m on true
  left join lateral (
    select d.domain_id from domain d
    where d.name = substring(w.address from '[^@]*$') collate "C" offset 0) d on true
  left join lateral (
    select o.mailbox_id from login_name o where o.name = w.address collate "C" offset 0) o on true
  left join lateral (
    select c.secret from credential c
    where c.mailbox_id = m.mailbox_id and c.kind = 'password' offset 0) c on true),
created as (
  insert into mailbox (domain_id, address)
  select domain_id, address from wanted where outcome = 'created'
  returning mailbox_id, address),
named as (insert into login_name (name, mailbox_id) select address, mailbox_id from created),
counted as (insert into maildrop (mailbox_id) select mailbox_id from created),
lockable as (insert into maildrop_lock (mailbox_id) select mailbox_id from created),
bumped as (
  update mailbox m set credential_version = m.credential_version + 1
  from wanted w where m.mailbox_id = w.mailbox_id and w.outcome = 'set'
    and m.address = any($1::text[])
  returning m.mailbox_id, m.address),
dropped as (
  delete from credential c
  where c.mailbox_id = any(array(select b.mailbox_id from bumped b)) and c.kind in ('scram-sha-1', 'scram-sha-256')),
changed as (
  select mailbox_id, address from created union all select mailbox_id, address from bumped),
armed as (
  insert into credential (mailbox_id, credential_id, kind, secret)
  select c.mailbox_id, nextval('credential_id_seq'), 'password', w.secret
  from changed c join wanted w on w.address = c.address
  on conflict (mailbox_id, kind)
    where kind in ('password', 'scram-sha-1', 'scram-sha-256', 'apop')
  do update set secret = excluded.secret, created_at = now(), last_used_on = null),
audited as (
  insert into audit (actor, action, mailbox_id, subject)
  select $4, 'credential.import', mailbox_id, address from changed)
select n - 1, outcome from wanted`,
  parameters: ({ addresses, secrets, create, actor }) => [
    textArray(addresses),
    textArray(secrets),
    String(create),
    actor,
  ],
  row: (row) => {
    const text = textAt(row, 1);
    return {
      index: numberAt(row, 0),
      outcome: outcomes.find((outcome) => outcome === text) ?? 'no-mailbox',
    };
  },
};
