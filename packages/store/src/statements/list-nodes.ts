/**
 * The nodes of the cluster behind a name, each with its workers, alive or not, and whether it is to be drained: also
 * nodes that have no worker. As many as were asked for, however many there are.
 *
 * Plan: both tables are read once, a few dozen rows; what is behind the page is cut off before anything is joined.
 */

import { dateOrNullAt, textAt, textOrNullAt } from '../field.ts';
import type { Statement } from '../statement.ts';
import { type Owner, ownerColumnCount, ownerColumns, ownerOf } from './list-owners.ts';

export interface NodePage {
  /** The last name of the page before; empty for the first one. */
  readonly after: string;
  readonly limit: number;
}

/** A node and one of its workers: a row for each. */
export interface NodeWorker {
  readonly nodeName: string;
  /** Null: it is not to be drained. */
  readonly drainedSince: Date | null;
  /** Null: it has none. */
  readonly worker: Owner | null;
}

export const listNodes: Statement<NodePage, NodeWorker> = {
  name: 'list_nodes',
  text: `
with page as materialized (
  select node_name from owner where node_name > $1::text
  union
  select node_name from node_drain where node_name > $1::text
  order by node_name limit $2::bigint)
select ${ownerColumns}, p.node_name, extract(epoch from d.since) * 1000
from page p
left join node_drain d on d.node_name = p.node_name
left join owner o on o.node_name = p.node_name
order by p.node_name, o.started_at, o.worker`,
  parameters: ({ after, limit }) => [after, String(limit)],
  row: (row) => ({
    nodeName: textAt(row, ownerColumnCount),
    drainedSince: dateOrNullAt(row, ownerColumnCount + 1),
    worker: textOrNullAt(row, 0) === null ? null : ownerOf(row),
  }),
};
