/**
 * Why a batch of opens did not get its locks, although actor and mailbox are in order: in the order of the
 * requests. Asked behind `takeLocks` and `readOpened`, and only for those: most logins never need it.
 *
 * Plan: a nested loop of primary key look-ups, one row each.
 */

import { booleanAt, numberAt } from '../field.ts';
import { int8Array, uuidArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';
import type { LockRequest } from './take-locks.ts';

export interface RefusedState {
  /** Position of the request. */
  readonly index: number;
  /** Whether the lease of the asking worker runs, in the epoch it thinks it is in. */
  readonly ownerAlive: boolean;
  /** Nobody has it, and it was opened less than the login delay ago. */
  readonly tooSoon: boolean;
}

export const readRefused: Statement<readonly LockRequest[], RefusedState> = {
  name: 'read_refused',
  text: `
select w.n - 1, mine.runs is not null,
       coalesce(l.granted_at + t.login_delay > now() and (l.token is null or not exists (
         select from owner o
         where o.owner_id = l.owner_id and o.epoch <= l.owner_epoch and o.lease_until > now())),
         false)
from unnest($1::bigint[], $2::uuid[], $3::bigint[])
       with ordinality as w (mailbox_id, owner_id, epoch, n)
left join lateral (
  select true as runs from owner o
  where o.owner_id = w.owner_id and o.epoch = w.epoch and o.lease_until > now() offset 0) mine on true
left join lateral (
  select m.domain_id from mailbox m where m.mailbox_id = w.mailbox_id offset 0) m on true
left join lateral (
  select t.login_delay from domain t where t.domain_id = m.domain_id offset 0) t on true
left join lateral (
  select l.token, l.owner_id, l.owner_epoch, l.granted_at from maildrop_lock l
  where l.mailbox_id = w.mailbox_id offset 0) l on true`,
  parameters: (requests) => [
    int8Array(requests.map((request) => request.mailboxId)),
    uuidArray(requests.map((request) => request.ownerId)),
    int8Array(requests.map((request) => request.epoch)),
  ],
  row: (row) => ({
    index: numberAt(row, 0),
    ownerAlive: booleanAt(row, 1),
    tooSoon: booleanAt(row, 2),
  }),
};
