/**
 * Says that a node may serve again. Answers its name, or nothing when it was not to be drained.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';
import type { NodeToDrain } from './drain-node.ts';

export const undrainNode: Statement<NodeToDrain, string> = {
  name: 'undrain_node',
  text: `
with unwanted as (
  delete from node_drain where node_name = $1 returning node_name),
audited as (
  insert into audit (actor, action, subject) select $2, 'node.undrain', node_name from unwanted)
select node_name from unwanted`,
  parameters: ({ nodeName, actor }) => [nodeName, actor],
  row: (row) => textAt(row, 0),
};
