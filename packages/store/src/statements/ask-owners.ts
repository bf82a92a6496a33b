/**
 * Asks the workers that hold these maildrops to look whether their clients are still there
 * (lock-questions.ts). Nothing is written: the owner and the mailbox are told on one channel.
 *
 * Plan: primary key look-ups.
 */

import type { MailboxId } from '../contract.ts';
import { mailboxIdAt } from '../field.ts';
import { int8Array } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export const askOwners: Statement<readonly MailboxId[], MailboxId> = {
  name: 'ask_owners',
  text: `
select l.mailbox_id, pg_notify('poplar_lock', 'check ' || l.owner_id || ' ' || l.mailbox_id)
from unnest($1::bigint[]) as w (mailbox_id)
cross join lateral (
  select l.mailbox_id, l.owner_id from maildrop_lock l
  where l.mailbox_id = w.mailbox_id and l.token is not null and l.owner_id is not null offset 0) l`,
  parameters: (mailboxIds) => [int8Array(mailboxIds)],
  row: (row) => mailboxIdAt(row, 0),
};
