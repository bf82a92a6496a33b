/**
 * Begins a new epoch of an owner and takes these locks along, in one transaction: every other
 * lock of that owner is free from this commit on. Answers the epoch with each of the tokens that
 * still hold their lock, or once without a token, or nothing when the owner was removed.
 *
 * The worker numbers its epochs. One that was given up with its connection and comes late, behind a
 * newer one, changes nothing: it does not know the locks taken since, and would free them.
 *
 * Plan: primary key look-ups; HOT updates.
 */

import { textAt, textOrNullAt } from '../field.ts';
import { int8Array, uuidArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';
import type { HeldLock } from './release-locks.ts';

export interface NewEpoch {
  readonly ownerId: string;
  /** Higher than any this worker has asked for before. */
  readonly epoch: string;
  /** Locks that sessions of this owner hold or are about to. */
  readonly locks: readonly HeldLock[];
}

export interface EpochRow {
  readonly epoch: string;
  readonly token: string | null;
}

export const beginEpoch: Statement<NewEpoch, EpochRow> = {
  name: 'begin_epoch',
  text: `
with begun as (
  update owner set epoch = $4::bigint where owner_id = $1 and epoch < $4::bigint returning epoch),
live as (
  select * from unnest($2::bigint[], $3::uuid[]) as w (mailbox_id, token) order by mailbox_id),
held as (
  update maildrop_lock l set owner_epoch = begun.epoch
  from begun, live
  where l.mailbox_id = live.mailbox_id and l.mailbox_id = any($2::bigint[]) and l.token = live.token
  returning l.token)
select begun.epoch, held.token from begun left join held on true`,
  parameters: ({ ownerId, epoch, locks }) => [
    ownerId,
    int8Array(locks.map((lock) => lock.mailboxId)),
    uuidArray(locks.map((lock) => lock.token)),
    epoch,
  ],
  row: (row) => ({ epoch: textAt(row, 0), token: textOrNullAt(row, 1) }),
};
