/**
 * Tells the worker that has a maildrop open to end that session, and with `isBroken` frees the lock
 * in the same transaction: the token is gone, so nothing that session has marked will be removed.
 * Answers who had it, or nothing when nobody has or when its session ended in that very moment.
 * The audit row says who asked and whose session it was.
 *
 * Plan: look-ups by unique index; a HOT update.
 */

import type { MailboxId } from '../contract.ts';
import { dateAt, mailboxIdAt, numberAt, textAt, textOrNullAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface SessionToEnd {
  readonly address: string;
  /** The lock is freed now, whether or not the worker hears of it. */
  readonly isBroken: boolean;
  readonly actor: string;
}

export interface EndedSession {
  readonly mailboxId: MailboxId;
  readonly token: string;
  readonly nodeName: string;
  readonly worker: number;
  readonly since: Date;
  readonly client: string | null;
}

export const endSession: Statement<SessionToEnd, EndedSession> = {
  name: 'end_session',
  text: `
with held as (
  select m.mailbox_id, l.token, l.owner_id, l.client, l.granted_at, o.node_name, o.worker
  from mailbox m
  cross join lateral (
    select l.token, l.owner_id, l.owner_epoch, l.client, l.granted_at from maildrop_lock l
    where l.mailbox_id = m.mailbox_id and l.token is not null offset 0) l
  cross join lateral (
    select o.node_name, o.worker from owner o
    where o.owner_id = l.owner_id and o.epoch <= l.owner_epoch and o.lease_until > now() offset 0) o
  where m.address = $1),
freed as (
  update maildrop_lock set token = null, owner_id = null, client = null, actor_id = null
  where $2::boolean and mailbox_id = (select mailbox_id from held)
    and token = (select token from held)
  returning mailbox_id),
told as (
  select * from held where not $2::boolean or exists (select from freed)),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $3, case when $2::boolean then 'session.break' else 'session.kick' end, mailbox_id, $1,
         jsonb_build_object('node', node_name, 'worker', worker, 'client', client, 'since', granted_at)
  from told)
select mailbox_id, token, node_name, worker, extract(epoch from granted_at) * 1000, client,
       pg_notify('poplar_lock', 'end ' || owner_id || ' ' || mailbox_id)
from told`,
  parameters: ({ address, isBroken, actor }) => [address, String(isBroken), actor],
  row: (row) => ({
    mailboxId: mailboxIdAt(row, 0),
    token: textAt(row, 1),
    nodeName: textAt(row, 2),
    worker: numberAt(row, 3),
    since: dateAt(row, 4),
    client: textOrNullAt(row, 5),
  }),
};
