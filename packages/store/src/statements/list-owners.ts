/**
 * All workers of the cluster, alive or not: a few dozen rows.
 */

import { booleanAt, dateAt, numberAt, type Row, textAt } from '../field.ts';
import { leaseSeconds } from '../limits.ts';
import type { Statement } from '../statement.ts';
import type { NewOwner } from './insert-owner.ts';

export interface Owner extends NewOwner {
  readonly version: string;
  /** Empty: its program does not say. */
  readonly role: string;
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

/** Of `owner o`; `ownerOf` reads them. */
export const ownerColumns = `
o.owner_id, o.node_name, o.boot_id, o.worker, extract(epoch from o.lease_until) * 1000,
o.lease_until > now(), o.draining, extract(epoch from o.started_at) * 1000, o.version, o.sessions,
floor(extract(epoch from now() - o.lease_until)) + ${leaseSeconds}, o.role`;
export const ownerColumnCount = 12;

export function ownerOf(row: Row): Owner {
  return {
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
    role: textAt(row, 11),
  };
}

export const listOwners: Statement<void, Owner> = {
  name: 'list_owners',
  text: `select ${ownerColumns} from owner o order by o.node_name, o.started_at, o.worker`,
  parameters: () => [],
  row: ownerOf,
};
