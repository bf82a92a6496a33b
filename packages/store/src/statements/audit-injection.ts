/**
 * The audit row of a message that an administrator put into a mailbox: behind the delivery, in its
 * transaction.
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
insert into audit (actor, action, mailbox_id, subject, detail)
select $2, 'message.inject', mailbox_id, address, jsonb_build_object('octets', $3::bigint)
from mailbox where mailbox_id = $1::bigint
returning audit_id`,
  parameters: ({ mailboxId, octets, actor }) => [mailboxId, actor, String(octets)],
  row: (row) => textAt(row, 0),
};
