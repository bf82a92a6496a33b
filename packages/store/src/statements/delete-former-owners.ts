/**
 * Removes what an earlier process of the same node left behind when it died.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface FormerOwners {
  readonly nodeName: string;
  /** The process that asks; its own workers stay. */
  readonly exceptBootId: string;
}

export const deleteFormerOwners: Statement<FormerOwners, string> = {
  name: 'delete_former_owners',
  text: 'delete from owner where node_name = $1 and boot_id <> $2 returning owner_id',
  parameters: ({ nodeName, exceptBootId }) => [nodeName, exceptBootId],
  row: (row) => textAt(row, 0),
};
