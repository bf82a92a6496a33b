/**
 * Renews the leases of all workers of a node and says in their rows what the node does: sessions of
 * each, and whether it drains. Answers the owners that still exist: a row that someone removed stays
 * removed, and its sessions must end. A lease that is over but was not removed goes on, and its worker
 * has to look what was taken from it meanwhile. Each row also brings whether the node is to be drained,
 * so that it learns of it without a connection of its own.
 */

import { booleanAt, textAt } from '../field.ts';
import { leaseSeconds } from '../limits.ts';
import { int8Array, uuidArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface Renewal {
  readonly workers: readonly { readonly ownerId: string; readonly sessions: number }[];
  /** The node takes no new sessions. */
  readonly draining: boolean;
}

export interface Renewed {
  readonly ownerId: string;
  /** Its lease was over when it was renewed. */
  readonly lapsed: boolean;
  /** An administrator wants the node to be drained. */
  readonly drainWanted: boolean;
}

export const renewOwners: Statement<Renewal, Renewed> = {
  name: 'renew_owners',
  text: `
with due as (
  select o.owner_id, o.lease_until < now() as lapsed, w.sessions,
         exists (select from node_drain d where d.node_name = o.node_name) as drain_wanted
  from unnest($1::uuid[], $2::bigint[]) as w (owner_id, sessions)
  join owner o on o.owner_id = w.owner_id
  for update of o)
update owner o
set lease_until = now() + make_interval(secs => ${leaseSeconds}),
    sessions = due.sessions::integer, draining = $3::boolean
from due where o.owner_id = due.owner_id returning o.owner_id, due.lapsed, due.drain_wanted`,
  parameters: ({ workers, draining }) => [
    uuidArray(workers.map(({ ownerId }) => ownerId)),
    int8Array(workers.map(({ sessions }) => String(sessions))),
    String(draining),
  ],
  row: (row) => ({
    ownerId: textAt(row, 0),
    lapsed: booleanAt(row, 1),
    drainWanted: booleanAt(row, 2),
  }),
};
