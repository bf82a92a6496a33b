/**
 * Releases the locks of a batch of closes; a lock that is not held under its token any more is left
 * alone. Answers the released tokens. `skip locked`: the only ones who can hold such a row are a
 * thief or a flag of the same session whose answer was lost, and logins must wait for neither.
 *
 * Plan: a nested loop of primary key look-ups; HOT updates.
 */

import type { MailboxId } from '../contract.ts';
import { textAt } from '../field.ts';
import { int8Array, uuidArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface HeldLock {
  readonly mailboxId: MailboxId;
  readonly token: string;
}

export const releaseLocks: Statement<readonly HeldLock[], string> = {
  name: 'release_locks',
  text: `
with held as (
  select l.mailbox_id, c.token
  from (select * from unnest($1::bigint[], $2::uuid[]) as c (mailbox_id, token)
        order by mailbox_id) c
  cross join lateral (
    select l.mailbox_id from maildrop_lock l
    where l.mailbox_id = c.mailbox_id and l.token = c.token
    for update skip locked) l)
update maildrop_lock l set token = null, owner_id = null, client = null, actor_id = null
from held where l.mailbox_id = held.mailbox_id and l.mailbox_id = any($1::bigint[])
returning held.token`,
  parameters: (locks) => [
    int8Array(locks.map((lock) => lock.mailboxId)),
    uuidArray(locks.map((lock) => lock.token)),
  ],
  row: (row) => textAt(row, 0),
};
