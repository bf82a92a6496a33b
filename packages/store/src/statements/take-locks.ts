/**
 * Locks the maildrops of a batch of opens. Answers the tokens that got theirs, and which of them were
 * stolen: another token was there, of an owner that is gone.
 *
 * A lock is taken only if the actor's verified credentials are current and it may use POP3, the
 * mailbox may be opened and was not a moment ago (login_delay), the asking worker's lease runs in the
 * epoch it thinks it is in, and the row is free, its owner's lease is over or its epoch is past
 * (lock-keeper.ts). A grant is not looked for: whatever ends one bumps the version of the actor. Client
 * and actor are for those who look at locks; no decision is made by them.
 *
 * `skip locked`: a row
 * that a QUIT is just releasing is not waited for, since that QUIT waits for its fsync; the caller
 * asks again. So a batch never waits and, its rows being locked in one order, never deadlocks.
 *
 * `granted_at <= now()`: after a lock wait the row is looked at anew but `owner` is still seen as
 * it was when the statement began; a grant made since then must not look like one without an owner.
 * `epoch <= owner_epoch`, for the same reason: a lock that was taken along since then is ahead.
 *
 * Plan: a nested loop of primary key look-ups, one row each; written with `lateral` and `offset 0`
 * so that there is no other, whatever the statistics say.
 */

import type { OpenRequest } from '../contract.ts';
import { booleanAt, textAt } from '../field.ts';
import { int8Array, textArray, uuidArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface LockRequest extends OpenRequest {
  /** Of the owner, as its worker knows it. */
  readonly epoch: string;
}

export interface TakenLock {
  readonly token: string;
  readonly isStolen: boolean;
}

export const takeLocks: Statement<readonly LockRequest[], TakenLock> = {
  name: 'take_locks',
  text: `
with eligible as (
  select w.mailbox_id, w.token, w.owner_id, w.epoch, w.actor_id, w.client, target.login_delay
  from unnest($1::bigint[], $2::bigint[], $3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[], $7::text[])
         as w (mailbox_id, credential_version, owner_id, token, epoch, actor_id, client)
  cross join lateral (
    select from owner o
    where o.owner_id = w.owner_id and o.epoch = w.epoch and o.lease_until > now() offset 0) mine
  cross join lateral (
    select a.domain_id from mailbox a
    where a.mailbox_id = w.actor_id and a.credential_version = w.credential_version
      and a.status = 'active' and a.pop3_enabled
    offset 0) actor
  cross join lateral (
    select from domain d where d.domain_id = actor.domain_id and d.pop3_enabled offset 0) from_domain
  cross join lateral (
    select m.domain_id from mailbox m
    where m.mailbox_id = w.mailbox_id and m.status = 'active' and m.pop3_enabled offset 0) current
  cross join lateral (
    select d.login_delay from domain d
    where d.domain_id = current.domain_id and d.pop3_enabled offset 0) target
  order by w.mailbox_id),
free as (
  select l.mailbox_id, l.stolen, e.token, e.owner_id, e.epoch, e.actor_id, e.client
  from eligible e
  cross join lateral (
    select l.mailbox_id, l.token is not null as stolen from maildrop_lock l
    where l.mailbox_id = e.mailbox_id
      and (l.token is null
        or (l.granted_at <= now() and not exists (
          select from owner o
          where o.owner_id = l.owner_id and o.epoch <= l.owner_epoch and o.lease_until > now())))
      and (e.login_delay = interval '0' or l.granted_at is null
        or l.granted_at + e.login_delay <= now())
    for update skip locked) l)
update maildrop_lock l
set token = free.token, owner_id = free.owner_id, owner_epoch = free.epoch,
    grants = l.grants + 1, granted_at = now(), client = nullif(free.client, ''),
    actor_id = nullif(free.actor_id, l.mailbox_id)
from free where l.mailbox_id = free.mailbox_id and l.mailbox_id = any($1::bigint[])
returning l.token, free.stolen`,
  parameters: (requests) => [
    int8Array(requests.map((request) => request.mailboxId)),
    int8Array(requests.map((request) => request.credentialVersion)),
    uuidArray(requests.map((request) => request.ownerId)),
    uuidArray(requests.map((request) => request.token)),
    int8Array(requests.map((request) => request.epoch)),
    int8Array(requests.map((request) => request.actorId)),
    textArray(requests.map((request) => request.client ?? '')),
  ],
  row: (row) => ({ token: textAt(row, 0), isStolen: booleanAt(row, 1) }),
};
