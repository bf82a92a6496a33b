/**
 * Who an envelope recipient is: look-ups of addresses, many in one statement. Login names that are
 * no address of a mailbox take no mail: aliases in that sense are the mail server's matter.
 */

import { BatchQueue } from './connection/batch-queue.ts';
import type { ShortLine } from './connection/short-line.ts';
import type { Recipient } from './contract.ts';
import { findRecipients, type RecipientRow } from './statements/find-recipients.ts';

export type Recipients = BatchQueue<string, Recipient>;

export function recipientsOn(line: ShortLine): Recipients {
  return new BatchQueue({
    send: async (addresses) => {
      const rows = await line.run(findRecipients, [...new Set(addresses)]);
      const found = new Map(rows.map((row) => [row.address, row]));
      return addresses.map((address) => recipientOf(found.get(address)));
    },
  });
}

function recipientOf(row: RecipientRow | undefined): Recipient {
  if (row === undefined || row.status === 'deleting') return { kind: 'unknown' };
  if (row.status === 'suspended') return { kind: 'suspended' };
  return { kind: 'mailbox', mailboxId: row.mailboxId, address: row.address };
}
