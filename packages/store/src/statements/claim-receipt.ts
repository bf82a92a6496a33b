/**
 * Claims the receipt of a QUIT whose messages are due to be purged. A claim is a time, not a lock:
 * a node that dies in the middle leaves a receipt that another one takes up when the time is over. The
 * commit is not waited for: a claim that a crash loses is made again.
 *
 * Plan: the first row of the partial index on what is due, then its own row by primary key. A join
 * with `due` would read every receipt in a plan that was made while there were none.
 */

import { readInt8Array } from '../binary-array.ts';
import type { MailboxId } from '../contract.ts';
import { binaryBigintAt, bytesAt, type Row } from '../field.ts';
import { purgeClaimSeconds } from '../limits.ts';
import type { Statement } from '../statement.ts';

export interface ClaimedReceipt {
  readonly mailboxId: MailboxId;
  readonly token: string;
  readonly messageIds: readonly bigint[];
}

function mailboxIdOf(row: Row): MailboxId {
  return String(binaryBigintAt(row, 0)) as MailboxId;
}

function uuidText(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export const claimReceipt: Statement<void, ClaimedReceipt> = {
  name: 'claim_receipt',
  binary: true,
  text: `
with due as (
  select mailbox_id, token from quit_receipt
  where purged_at is null and purge_after <= now()
    and (claimed_until is null or claimed_until < now())
  order by purge_after limit 1
  for update skip locked),
claimed as (
  update quit_receipt r set claimed_until = now() + make_interval(secs => ${purgeClaimSeconds})
  where r.mailbox_id = (select mailbox_id from due) and r.token = (select token from due)
  returning r.mailbox_id, r.token, r.message_ids)
select mailbox_id, token, message_ids, set_config('synchronous_commit', 'off', true) from claimed`,
  parameters: () => [],
  row: (row) => ({
    mailboxId: mailboxIdOf(row),
    token: uuidText(bytesAt(row, 1)),
    messageIds: readInt8Array(bytesAt(row, 2)),
  }),
};
