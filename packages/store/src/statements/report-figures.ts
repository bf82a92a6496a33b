/**
 * Puts down what a node says of itself, in the place of what it said before, and removes what nodes said
 * that were not heard of for as long as an owner row is kept. Answers at which level the node is to log, if an administrator
 * wants that now, so that it learns of it without a question of its own.
 *
 * Plan: rows of primary keys; both tables have one for each node.
 */

import { textOrNullAt } from '../field.ts';
import { ownerKeptHours } from '../limits.ts';
import type { Statement } from '../statement.ts';
import { levelIn } from './read-log-level.ts';
import type { OrderedLogLevel } from './set-log-level.ts';

export interface NodeReport {
  readonly nodeName: string;
  /** Numbers by their names. */
  readonly figures: Readonly<Record<string, number>>;
}

export const reportFigures: Statement<NodeReport, OrderedLogLevel | null> = {
  name: 'report_figures',
  text: `
with old as (
  delete from node_figures
  where reported_at < now() - make_interval(hours => ${ownerKeptHours}) and node_name <> $1)
insert into node_figures (node_name, figures) values ($1, $2::jsonb)
on conflict (node_name) do update set reported_at = now(), figures = excluded.figures
returning (select l.level from node_log_level l
           where l.node_name = $1 and (l.until is null or l.until > now()))`,
  parameters: ({ nodeName, figures }) => [nodeName, JSON.stringify(figures)],
  row: (row) => levelIn(textOrNullAt(row, 0)),
};
