/**
 * What is announced of login delays before anyone has logged in (RFC 2449 section 6.5): the largest
 * of all domains, and whether they differ. One row.
 *
 * Plan: a scan of `domain`, a row for each; asked for now and then, never for a login.
 */

import { booleanAt, numberAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface LoginDelays {
  readonly largestSeconds: number;
  /** Another domain has another: `USER` is said behind it. */
  readonly differs: boolean;
}

export const readLoginDelays: Statement<void, LoginDelays> = {
  name: 'read_login_delays',
  text: `
select coalesce(ceil(extract(epoch from max(login_delay))), 0),
       coalesce(min(login_delay) <> max(login_delay), false)
from domain`,
  parameters: () => [],
  row: (row) => ({ largestSeconds: numberAt(row, 0), differs: booleanAt(row, 1) }),
};
