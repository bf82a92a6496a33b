/**
 * Gives the key of a request back that changed nothing: the next one with it is the first.
 *
 * Plan: the primary key.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export const releaseRequestKey: Statement<Uint8Array, string> = {
  name: 'release_request_key',
  text: `
delete from request_key where digest = $1::bytea and state = 'claimed'
returning state`,
  parameters: (digest) => [Buffer.from(digest)],
  row: (row) => textAt(row, 0),
};
