/**
 * Says at which level a node is to log, for so many minutes or until that is withdrawn, or withdraws it: the node
 * reads this with its next report. Answers whether there is such a node, or was such an order, and when it ends.
 */

import { booleanAt, dateOrNullAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export const orderedLogLevels = ['debug', 'info', 'warn', 'error'] as const;
export type OrderedLogLevel = (typeof orderedLogLevels)[number];

export interface LogLevelOrder {
  readonly nodeName: string;
  /** Null: as its settings say. */
  readonly level: OrderedLogLevel | null;
  /** Null: until it is withdrawn. */
  readonly minutes: number | null;
  readonly actor: string;
}

export interface LogLevelSet {
  readonly isKnown: boolean;
  readonly until: Date | null;
}

export const setLogLevel: Statement<LogLevelOrder, LogLevelSet> = {
  name: 'set_log_level',
  text: `
with known as (
  select exists (select from owner where node_name = $1) as is_known),
withdrawn as (
  delete from node_log_level where node_name = $1 and $2::text is null returning node_name),
wanted as (
  insert into node_log_level (node_name, level, until, actor)
  select $1, $2, now() + make_interval(mins => $3::integer), $4
  from known where is_known and $2::text is not null
  on conflict (node_name) do update
  set level = excluded.level, until = excluded.until, since = now(), actor = excluded.actor
  returning node_name, until),
audited as (
  insert into audit (actor, action, subject, detail)
  select $4, 'node.log-level', $1, jsonb_build_object('level', $2::text, 'minutes', $3::integer)
  from (select node_name from wanted union all select node_name from withdrawn) as changed)
select is_known or exists (select from withdrawn),
       (select extract(epoch from until) * 1000 from wanted)
from known`,
  parameters: ({ nodeName, level, minutes, actor }) => [
    nodeName,
    level,
    minutes === null ? null : String(minutes),
    actor,
  ],
  row: (row) => ({ isKnown: booleanAt(row, 0), until: dateOrNullAt(row, 1) }),
};
