/**
 * Says that a node is to be drained: it reads this when it renews its leases. Answers whether there
 * is such a node; one that is to be drained already stays so, without another audit row.
 */

import { booleanAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface NodeToDrain {
  readonly nodeName: string;
  readonly actor: string;
}

export const drainNode: Statement<NodeToDrain, boolean> = {
  name: 'drain_node',
  text: `
with known as (
  select exists (select from owner where node_name = $1) as is_known),
wanted as (
  insert into node_drain (node_name, actor) select $1, $2 from known where is_known
  on conflict (node_name) do nothing
  returning node_name),
audited as (
  insert into audit (actor, action, subject) select $2, 'node.drain', node_name from wanted)
select is_known from known`,
  parameters: ({ nodeName, actor }) => [nodeName, actor],
  row: (row) => booleanAt(row, 0),
};
