/**
 * Registers a worker incarnation; its lease begins now, by the database's clock.
 */

import { textAt } from '../field.ts';
import { leaseSeconds } from '../limits.ts';
import type { Statement } from '../statement.ts';

export interface NewOwner {
  /** A fresh random UUID for each start of a worker. */
  readonly ownerId: string;
  readonly nodeName: string;
  /** A fresh random UUID for each start of the node's process. */
  readonly bootId: string;
  readonly worker: number;
}

export const insertOwner: Statement<NewOwner, string> = {
  name: 'insert_owner',
  text: `
insert into owner (owner_id, node_name, boot_id, worker, lease_until)
values ($1, $2, $3, $4, now() + make_interval(secs => ${leaseSeconds}))
returning owner_id`,
  parameters: (owner) => [owner.ownerId, owner.nodeName, owner.bootId, String(owner.worker)],
  row: (row) => textAt(row, 0),
};
