/**
 * Bodies of one mailbox, each under its message id; what is gone is missing. It costs about half of what
 * read-bodies.ts costs for as many, because the partition is chosen once and not for each body.
 *
 * Plan: one scan of the primary key of one partition; the other fifteen are removed before it begins.
 */

import type { MailboxId } from '../contract.ts';
import { binaryBigintAt, bytesAt } from '../field.ts';
import { int8Array } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface MailboxBodies {
  readonly mailboxId: MailboxId;
  /** Each once. */
  readonly messageIds: readonly bigint[];
}

export interface MailboxBody {
  readonly messageId: bigint;
  readonly body: Buffer;
}

export const readMailboxBodies: Statement<MailboxBodies, MailboxBody> = {
  name: 'read_mailbox_bodies',
  binary: true,
  lent: true,
  text: `
select message_id, body from message_body
where mailbox_id = $1 and message_id = any($2::bigint[])`,
  parameters: ({ mailboxId, messageIds }) => [mailboxId, int8Array(messageIds)],
  row: (row) => ({ messageId: binaryBigintAt(row, 0), body: bytesAt(row, 1) }),
};
