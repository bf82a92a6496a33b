/**
 * Renews the leases of all workers of a node. Answers the owners that still exist: a row that
 * someone removed stays removed, and its sessions must end. A lease that is over but was not
 * removed goes on, and its worker has to look what was taken from it meanwhile.
 */

import { booleanAt, textAt } from '../field.ts';
import { leaseSeconds } from '../limits.ts';
import { uuidArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface Renewed {
  readonly ownerId: string;
  /** Its lease was over when it was renewed. */
  readonly lapsed: boolean;
}

export const renewOwners: Statement<readonly string[], Renewed> = {
  name: 'renew_owners',
  text: `
with due as (
  select owner_id, lease_until < now() as lapsed from owner where owner_id = any($1::uuid[])
  for update)
update owner o set lease_until = now() + make_interval(secs => ${leaseSeconds})
from due where o.owner_id = due.owner_id returning o.owner_id, due.lapsed`,
  parameters: (ownerIds) => [uuidArray(ownerIds)],
  row: (row) => ({ ownerId: textAt(row, 0), lapsed: booleanAt(row, 1) }),
};
