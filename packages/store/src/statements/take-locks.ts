/**
 * Locks the maildrops of a batch of opens. Answers the tokens that got theirs.
 *
 * A lock is taken only if the verified credentials are current, the mailbox may be opened, the
 * asking worker's lease runs, and the row is free or its owner's lease is over. `skip locked`: a row
 * that a QUIT is just releasing is not waited for, since that QUIT waits for its fsync; the caller
 * asks again. So a batch never waits and, its rows being locked in one order, never deadlocks.
 *
 * `granted_at <= now()`: after a lock wait the row is looked at anew but `owner` is still seen as
 * it was when the statement began; a grant made since then must not look like one without an owner.
 *
 * Plan: a nested loop of primary key look-ups, one row each; written with `lateral` and `offset 0`
 * so that there is no other, whatever the statistics say.
 */

import type { OpenRequest } from '../contract.ts';
import { textAt } from '../field.ts';
import { int8Array, uuidArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export const takeLocks: Statement<readonly OpenRequest[], string> = {
  name: 'take_locks',
  text: `
with eligible as (
  select w.mailbox_id, w.token, w.owner_id
  from unnest($1::bigint[], $2::bigint[], $3::uuid[], $4::uuid[])
         as w (mailbox_id, credential_version, owner_id, token)
  cross join lateral (
    select from owner o where o.owner_id = w.owner_id and o.lease_until > now() offset 0) mine
  cross join lateral (
    select from mailbox m
    where m.mailbox_id = w.mailbox_id and m.credential_version = w.credential_version
      and m.status = 'active' and m.pop3_enabled
    offset 0) current
  order by w.mailbox_id),
free as (
  select l.mailbox_id, e.token, e.owner_id
  from eligible e
  cross join lateral (
    select l.mailbox_id from maildrop_lock l
    where l.mailbox_id = e.mailbox_id
      and (l.token is null
        or (l.granted_at <= now() and not exists (
          select from owner o where o.owner_id = l.owner_id and o.lease_until > now())))
    for update skip locked) l)
update maildrop_lock l
set token = free.token, owner_id = free.owner_id, grants = l.grants + 1, granted_at = now()
from free where l.mailbox_id = free.mailbox_id and l.mailbox_id = any($1::bigint[])
returning l.token`,
  parameters: (requests) => [
    int8Array(requests.map((request) => request.mailboxId)),
    int8Array(requests.map((request) => request.credentialVersion)),
    uuidArray(requests.map((request) => request.ownerId)),
    uuidArray(requests.map((request) => request.token)),
  ],
  row: (row) => textAt(row, 0),
};
