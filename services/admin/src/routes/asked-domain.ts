/**
 * A listing that is limited to a domain which there is not: told from one that is empty.
 *
 * Never: a look-up where there is something to show; a word about a domain that the token does not reach, which is refused
 * before.
 */

import type { Store } from '@poplar/store';
import { Problem } from '../problem.ts';

export interface AskedDomain {
  /** In its canonical form; null for all domains. */
  readonly domain: string | null;
  /** What came of it. */
  readonly rows: readonly unknown[];
}

/** Throws a Problem. */
export async function unlessNoDomain(
  { directory }: Store,
  { domain, rows }: AskedDomain,
): Promise<void> {
  if (domain === null || rows.length > 0) return;
  if ((await directory.findDomain(domain)) !== null) return;
  throw new Problem(404, 'there is no such domain', { code: 'domain-not-found' });
}
