/**
 * Marks workers as draining, for those who look at the list of owners.
 */

import { textAt } from '../field.ts';
import { uuidArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export const drainOwners: Statement<readonly string[], string> = {
  name: 'drain_owners',
  text: 'update owner set draining = true where owner_id = any($1::uuid[]) returning owner_id',
  parameters: (ownerIds) => [uuidArray(ownerIds)],
  row: (row) => textAt(row, 0),
};
