/**
 * Which of these locks are still held under their tokens: after a release that skipped a row, and
 * to learn what became of a flag.
 *
 * Plan: primary key look-ups.
 */

import { textAt } from '../field.ts';
import { int8Array, uuidArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';
import type { HeldLock } from './release-locks.ts';

export const findHeldLocks: Statement<readonly HeldLock[], string> = {
  name: 'find_held_locks',
  text: `
select c.token
from unnest($1::bigint[], $2::uuid[]) as c (mailbox_id, token)
cross join lateral (
  select from maildrop_lock l where l.mailbox_id = c.mailbox_id and l.token = c.token offset 0) l`,
  parameters: (locks) => [
    int8Array(locks.map((lock) => lock.mailboxId)),
    uuidArray(locks.map((lock) => lock.token)),
  ],
  row: (row) => textAt(row, 0),
};
