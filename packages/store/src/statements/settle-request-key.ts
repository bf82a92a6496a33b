/**
 * Keeps what a request with a key was answered, or that nobody knows what came of it: only of one that is under way.
 *
 * Plan: the primary key.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface SettledRequest {
  readonly digest: Uint8Array;
  /** Null: it may have been carried out. */
  readonly answered: {
    readonly status: number;
    /** Without what is shown once. */
    readonly answer: string;
  } | null;
}

export const settleRequestKey: Statement<SettledRequest, string> = {
  name: 'settle_request_key',
  text: `
update request_key
set state = case when $2::integer is null then 'unknown' else 'answered' end, status = $2::integer, answer = $3::text
where digest = $1::bytea and state = 'claimed'
returning state`,
  parameters: ({ digest, answered }) => [
    Buffer.from(digest),
    answered === null ? null : String(answered.status),
    answered === null ? null : answered.answer,
  ],
  row: (row) => textAt(row, 0),
};
