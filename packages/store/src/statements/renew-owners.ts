/**
 * Renews the leases of all workers of a node. Answers the owners that still exist: a row that
 * someone removed stays removed, and its sessions must end. A lease that is over but was not
 * removed goes on; what was taken from it meanwhile is fenced by the tokens.
 */

import { textAt } from '../field.ts';
import { leaseSeconds } from '../limits.ts';
import { uuidArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export const renewOwners: Statement<readonly string[], string> = {
  name: 'renew_owners',
  text: `
update owner set lease_until = now() + make_interval(secs => ${leaseSeconds})
where owner_id = any($1::uuid[]) returning owner_id`,
  parameters: (ownerIds) => [uuidArray(ownerIds)],
  row: (row) => textAt(row, 0),
};
