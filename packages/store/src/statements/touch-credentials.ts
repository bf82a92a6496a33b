/**
 * Notes for a batch of credentials that they were used today. Most were already, and cost a look.
 * `skip locked`: another node notes the same, or somebody is changing it, and a login waits for neither.
 *
 * Plan: a nested loop of primary key look-ups; HOT updates.
 */

import type { MailboxId } from '../contract.ts';
import { textAt } from '../field.ts';
import { int8Array } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface UsedCredential {
  readonly mailboxId: MailboxId;
  readonly credentialId: string;
}

export const touchCredentials: Statement<readonly UsedCredential[], string> = {
  name: 'touch_credentials',
  text: `
with due as (
  select c.mailbox_id, c.credential_id
  from unnest($1::bigint[], $2::bigint[]) as w (mailbox_id, credential_id)
  cross join lateral (
    select c.mailbox_id, c.credential_id from credential c
    where c.mailbox_id = w.mailbox_id and c.credential_id = w.credential_id
      and (c.last_used_on is null or c.last_used_on < current_date)
    for no key update skip locked) c)
update credential c set last_used_on = current_date
from due where c.mailbox_id = due.mailbox_id and c.credential_id = due.credential_id
  and c.mailbox_id = any($1::bigint[]) and c.credential_id = any($2::bigint[])
returning c.credential_id`,
  parameters: (used) => [
    int8Array(used.map(({ mailboxId }) => mailboxId)),
    int8Array(used.map(({ credentialId }) => credentialId)),
  ],
  row: (row) => textAt(row, 0),
};
