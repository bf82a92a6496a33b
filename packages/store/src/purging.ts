/**
 * Purge: what a QUIT flagged is removed for good when its domain's undelete window is over. The
 * receipts are the work queue; any number of nodes may work on it.
 *
 * Never: a message removed that its receipt does not name or that was restored since; a statement
 * that removes more than a slice.
 */

import type { LinkPool } from './connection/pool.ts';
import { purgeSliceMessages } from './limits.ts';
import { claimReceipt } from './statements/claim-receipt.ts';
import { forgetReceipts } from './statements/forget-receipts.ts';
import { markPurged } from './statements/mark-purged.ts';
import { purgeMessages } from './statements/purge-messages.ts';

export interface PurgeLimits {
  /** Stop after the receipt that reaches this. */
  readonly messagesMax?: number;
}

export interface PurgeResult {
  /** Messages removed. */
  readonly purged: number;
  /** Whether more may be due: call again. */
  readonly more: boolean;
}

export async function purge(pool: LinkPool, limits: PurgeLimits = {}): Promise<PurgeResult> {
  const messagesMax = limits.messagesMax ?? purgeSliceMessages;
  let purged = 0;
  // Counts what was looked at, not what was removed: all of a receipt may have been restored.
  let handled = 0;
  while (handled < messagesMax) {
    const [receipt] = await pool.run(claimReceipt, undefined);
    if (receipt === undefined) return { purged, more: false };
    const { mailboxId, token, messageIds } = receipt;
    for (let at = 0; at < messageIds.length; at += purgeSliceMessages) {
      const slice = messageIds.slice(at, at + purgeSliceMessages);
      const [count] = await pool.run(purgeMessages, { mailboxId, token, messageIds: slice });
      purged += count ?? 0;
    }
    await pool.run(markPurged, { mailboxId, token });
    handled += Math.max(messageIds.length, 1);
  }
  return { purged, more: true };
}

/** Removes old receipts. Answers how many; call again when it is the bound. */
export async function forgetOldReceipts(pool: LinkPool): Promise<number> {
  return (await pool.run(forgetReceipts, undefined)).length;
}
