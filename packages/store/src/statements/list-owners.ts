/**
 * All workers of the cluster, alive or not: a few dozen rows.
 */

import { booleanAt, dateAt, numberAt, textAt } from '../field.ts';
import { leaseSeconds } from '../limits.ts';
import type { Statement } from '../statement.ts';
import type { NewOwner } from './insert-owner.ts';

export interface Owner extends NewOwner {
  readonly version: string;
  readonly leaseUntil: Date;
  /** By the database's clock. */
  readonly alive: boolean;
  /** Since it was last renewed. */
  readonly leaseAgeSeconds: number;
  /** It takes no new sessions, by its own word. */
  readonly draining: boolean;
  /** Maildrops open, as of the last renewal. */
  readonly sessions: number;
  readonly startedAt: Date;
}

export const listOwners: Statement<void, Owner> = {
  name: 'list_owners',
  text: `
select owner_id, node_name, boot_id, worker, extract(epoch from lease_until) * 1000,
       lease_until > now(), draining, extract(epoch from started_at) * 1000, version, sessions,
       floor(extract(epoch from now() - lease_until)) + ${leaseSeconds}
from owner order by node_name, started_at, worker`,
  parameters: () => [],
  row: (row) => ({
    ownerId: textAt(row, 0),
    nodeName: textAt(row, 1),
    bootId: textAt(row, 2),
    worker: numberAt(row, 3),
    leaseUntil: dateAt(row, 4),
    alive: booleanAt(row, 5),
    draining: booleanAt(row, 6),
    startedAt: dateAt(row, 7),
    version: textAt(row, 8),
    sessions: numberAt(row, 9),
    leaseAgeSeconds: numberAt(row, 10),
  }),
};
