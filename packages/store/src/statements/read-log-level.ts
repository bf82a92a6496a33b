/**
 * At which level a node is to log, if an administrator wants that now; and whether there is such a node.
 */

import { booleanAt, dateOrNullAt, textOrNullAt } from '../field.ts';
import type { Statement } from '../statement.ts';
import { type OrderedLogLevel, orderedLogLevels } from './set-log-level.ts';

export interface LogLevelShown {
  readonly isKnown: boolean;
  /** Null: as its settings say. */
  readonly level: OrderedLogLevel | null;
  readonly since: Date | null;
  readonly until: Date | null;
}

/** A level that a later release knows is none here. */
export function levelIn(text: string | null): OrderedLogLevel | null {
  return orderedLogLevels.find((level) => level === text) ?? null;
}

export const readLogLevel: Statement<string, LogLevelShown> = {
  name: 'read_log_level',
  text: `
select exists (select from owner where node_name = $1) or l.node_name is not null, l.level,
       extract(epoch from l.since) * 1000, extract(epoch from l.until) * 1000
from (values (1)) as one
left join node_log_level l on l.node_name = $1 and (l.until is null or l.until > now())`,
  parameters: (nodeName) => [nodeName],
  row: (row) => ({
    isKnown: booleanAt(row, 0),
    level: levelIn(textOrNullAt(row, 1)),
    since: dateOrNullAt(row, 2),
    until: dateOrNullAt(row, 3),
  }),
};
