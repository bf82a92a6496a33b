/**
 * What is wrong with the database, in words for the operator. The store says what an error means,
 * its cause what the system said; one of them is enough where both say the same.
 *
 * Never: a password in a message.
 */

import { hidePassword } from '@poplar/runtime';
import type { StoreError } from '@poplar/store';

/** To be put behind the name of the database. */
export function databaseProblem(error: StoreError): string {
  const cause = error.cause instanceof Error ? hidePassword(error.cause.message) : '';
  if (error.code !== 'STORE_UNAVAILABLE') return cause === '' ? error.message : cause;
  return cause === '' ? 'cannot be reached' : `cannot be reached (${cause})`;
}
