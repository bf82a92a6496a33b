/**
 * Removes a worker that is gone: all its locks are free from this commit on.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export const deleteOwner: Statement<string, string> = {
  name: 'delete_owner',
  text: 'delete from owner where owner_id = $1 returning owner_id',
  parameters: (ownerId) => [ownerId],
  row: (row) => textAt(row, 0),
};
