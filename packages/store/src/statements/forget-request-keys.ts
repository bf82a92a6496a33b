/**
 * Removes keys of requests whose time is over. Answers one row for each.
 *
 * Plan: range of the index on that time, then the primary key.
 */

import { numberAt } from '../field.ts';
import { forgetRequestKeysMax } from '../limits.ts';
import type { Statement } from '../statement.ts';

export const forgetRequestKeys: Statement<void, number> = {
  name: 'forget_request_keys',
  text: `
with old as materialized (
  select digest from request_key
  where expires_at <= now()
  order by expires_at limit ${forgetRequestKeysMax}
  for update skip locked)
delete from request_key where digest = any(array(select digest from old))
returning 1`,
  parameters: () => [],
  row: (row) => numberAt(row, 0),
};
