/**
 * Puts down what a node says of itself, in the place of what it said before, and removes what nodes said
 * that were not heard of for as long as an owner row is kept.
 *
 * Plan: a row of the primary key; the table has one for each node.
 */

import { textAt } from '../field.ts';
import { ownerKeptHours } from '../limits.ts';
import type { Statement } from '../statement.ts';

export interface NodeReport {
  readonly nodeName: string;
  /** Numbers by their names. */
  readonly figures: Readonly<Record<string, number>>;
}

export const reportFigures: Statement<NodeReport, string> = {
  name: 'report_figures',
  text: `
with old as (
  delete from node_figures
  where reported_at < now() - make_interval(hours => ${ownerKeptHours}) and node_name <> $1)
insert into node_figures (node_name, figures) values ($1, $2::jsonb)
on conflict (node_name) do update set reported_at = now(), figures = excluded.figures
returning node_name`,
  parameters: ({ nodeName, figures }) => [nodeName, JSON.stringify(figures)],
  row: (row) => textAt(row, 0),
};
