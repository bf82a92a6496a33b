/**
 * Removes mailboxes whose grace is over: first their messages in slices, then all the rest at once.
 *
 * Never: a mailbox that somebody could still have back.
 */

import type { LinkPool } from './connection/pool.ts';
import { purgeSliceMessages, removeSlicesMax } from './limits.ts';
import { emptyMailbox } from './statements/empty-mailbox.ts';
import { findDueMailbox } from './statements/find-due-mailbox.ts';
import { removeMailbox } from './statements/remove-mailbox.ts';

/** Works on the one that is due. False when there is none, else call again. */
export async function removeDueMailbox(pool: LinkPool): Promise<boolean> {
  const [mailboxId] = await pool.run(findDueMailbox, undefined);
  if (mailboxId === undefined) return false;
  for (let slices = 0; slices < removeSlicesMax; slices += 1) {
    const [gone = 0] = await pool.run(emptyMailbox, mailboxId);
    if (gone < purgeSliceMessages) {
      await pool.run(removeMailbox, mailboxId);
      return true;
    }
  }
  return true;
}
