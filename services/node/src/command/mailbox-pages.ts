/**
 * All mailboxes in the order of their addresses, read a page at a time.
 */

import type { MailboxRow, Store } from '@poplar/store';
import { listPageRows } from './limits.ts';

export interface MailboxRange {
  /** Of this domain alone. */
  readonly domain?: string;
  /** Behind this address. */
  readonly after?: string;
  /** So many rows at most; all of them without it. */
  readonly limit?: number;
}

export async function* mailboxPages(
  store: Store,
  range: MailboxRange = {},
): AsyncGenerator<readonly MailboxRow[]> {
  let after = range.after ?? '';
  let wanted = range.limit ?? Number.POSITIVE_INFINITY;
  while (wanted > 0) {
    const limit = Math.min(wanted, listPageRows);
    const domain = range.domain === undefined ? {} : { domain: range.domain };
    const rows = await store.directory.listMailboxes({ after, limit, ...domain });
    yield rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return;
    after = last.address;
    wanted -= rows.length;
  }
}
