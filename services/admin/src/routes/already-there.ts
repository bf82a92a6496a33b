/**
 * What is not made because it is there: a 409 that says what exists, by a code that does not change, and which field
 * of the request names it. So whoever sends a request again, because its answer was lost, knows that it was done.
 *
 * Never: the value itself, which may be a secret, or whose it is, which may be of another domain.
 */

import { StoreError } from '@poplar/store';
import { Problem } from '../problem.ts';
import type { ProblemCode } from '../problem-codes.ts';

interface There {
  /** such as `domain-exists`; listed in docs/errors.md. */
  readonly code: ProblemCode;
  /** In words. */
  readonly what: string;
  /** Where in the request: `/body/domain`. */
  readonly pointer: string;
}

/** What `made` answers. Rejects with Problem when the store says that there is one. */
export async function unlessThere<Made>(
  made: Promise<Made>,
  { code, what, pointer }: There,
): Promise<Made> {
  try {
    return await made;
  } catch (error) {
    if (!(error instanceof StoreError && error.code === 'CONFLICT')) throw error;
    const errors = [{ pointer, detail: 'is taken' }];
    throw new Problem(409, `${what} exists already`, { errors, code });
  }
}
