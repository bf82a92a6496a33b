/**
 * The audit row of a message that an administrator put into a mailbox: behind the delivery, in its
 * transaction. Answers the id of the message: the last one of the mailbox, as ids are drawn behind the lock of the
 * maildrop, which this transaction holds.
 *
 * Plan: the end of the primary key of one partition.
 */

import type { MailboxId } from '../contract.ts';
import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface Injection {
  readonly mailboxId: MailboxId;
  readonly octets: number;
  readonly actor: string;
}

export const auditInjection: Statement<Injection, string> = {
  name: 'audit_injection',
  text: `
with stored as (
  select max(message_id) as message_id from message where mailbox_id = $1::bigint),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $2, 'message.inject', b.mailbox_id, b.address,
         jsonb_build_object('octets', $3::bigint, 'messageId', s.message_id::text)
  from mailbox b cross join stored s where b.mailbox_id = $1::bigint)
select message_id from stored`,
  parameters: ({ mailboxId, octets, actor }) => [mailboxId, actor, String(octets)],
  row: (row) => textAt(row, 0),
};
