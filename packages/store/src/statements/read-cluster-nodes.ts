/**
 * What the nodes of the cluster say of themselves, with each node's workers as one: a few rows, of nodes
 * that were heard of within the last hour.
 */

import { booleanAt, numberAt, textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface NodeFigures {
  readonly nodeName: string;
  /** The lease of one of its workers runs. */
  readonly alive: boolean;
  /** It takes no new sessions, by its own word. */
  readonly draining: boolean;
  readonly workers: number;
  /** Maildrops open there, as of its last renewal; none when it is gone. */
  readonly sessions: number;
}

export const readClusterNodes: Statement<void, NodeFigures> = {
  name: 'read_cluster_nodes',
  text: `
select node_name, bool_or(lease_until > now()), bool_or(draining and lease_until > now()),
       count(*) filter (where lease_until > now()),
       coalesce(sum(sessions) filter (where lease_until > now()), 0)
from owner group by node_name order by node_name`,
  parameters: () => [],
  row: (row) => ({
    nodeName: textAt(row, 0),
    alive: booleanAt(row, 1),
    draining: booleanAt(row, 2),
    workers: numberAt(row, 3),
    sessions: numberAt(row, 4),
  }),
};
