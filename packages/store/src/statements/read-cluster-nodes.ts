/**
 * What the nodes of the cluster say of themselves, with each node's workers as one: a few rows, of nodes
 * that were heard of within the last hour.
 */

import { booleanAt, dateOrNullAt, numberAt, textAt, textOrNullAt } from '../field.ts';
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
  /** What it said of itself last; null when it has not yet, or is of a release that does not. */
  readonly report: {
    readonly at: Date;
    readonly figures: Readonly<Record<string, number>>;
  } | null;
}

/** Numbers alone: what another release puts there is not ours to trust. */
function figuresOf(json: string): Record<string, number> {
  const found: Record<string, unknown> = Object(JSON.parse(json));
  const numbers: Record<string, number> = {};
  for (const [name, value] of Object.entries(found)) {
    if (typeof value === 'number') numbers[name] = value;
  }
  return numbers;
}

export const readClusterNodes: Statement<void, NodeFigures> = {
  name: 'read_cluster_nodes',
  text: `
select o.node_name, o.alive, o.draining, o.workers, o.sessions, f.figures,
       extract(epoch from f.reported_at) * 1000
from (
  select node_name, bool_or(lease_until > now()) as alive,
         bool_or(draining and lease_until > now()) as draining,
         count(*) filter (where lease_until > now()) as workers,
         coalesce(sum(sessions) filter (where lease_until > now()), 0) as sessions
  from owner group by node_name) o
left join node_figures f on f.node_name = o.node_name
order by o.node_name`,
  parameters: () => [],
  row: (row) => {
    const figures = textOrNullAt(row, 5);
    const at = dateOrNullAt(row, 6);
    return {
      nodeName: textAt(row, 0),
      alive: booleanAt(row, 1),
      draining: booleanAt(row, 2),
      workers: numberAt(row, 3),
      sessions: numberAt(row, 4),
      report: figures === null || at === null ? null : { at, figures: figuresOf(figures) },
    };
  },
};
