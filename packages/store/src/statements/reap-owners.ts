/**
 * Removes owners whose lease ended long ago: nodes that died and never came back.
 */

import { textAt } from '../field.ts';
import { ownerKeptHours } from '../limits.ts';
import type { Statement } from '../statement.ts';

export const reapOwners: Statement<void, string> = {
  name: 'reap_owners',
  text: `
delete from owner where lease_until < now() - make_interval(hours => ${ownerKeptHours})
returning owner_id`,
  parameters: () => [],
  row: (row) => textAt(row, 0),
};
