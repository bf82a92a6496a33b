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
  /** Of the program that the node runs. */
  readonly version?: string;
  /** What this worker does: `pop3`, `maildrop`, `admin`. */
  readonly role?: string;
}

export const insertOwner: Statement<NewOwner, string> = {
  name: 'insert_owner',
  text: `
insert into owner (owner_id, node_name, boot_id, worker, version, role, lease_until)
values ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => ${leaseSeconds}))
returning owner_id`,
  parameters: ({ ownerId, nodeName, bootId, worker, version = '', role = '' }) => [
    ownerId,
    nodeName,
    bootId,
    String(worker),
    version,
    role,
  ],
  row: (row) => textAt(row, 0),
};
