/**
 * The nodes that are to be drained: a few rows, of nodes that run and of nodes that do not.
 */

import { dateAt, textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface NodeDrain {
  readonly nodeName: string;
  readonly since: Date;
}

export const listDrains: Statement<void, NodeDrain> = {
  name: 'list_drains',
  text: 'select node_name, extract(epoch from since) * 1000 from node_drain order by node_name',
  parameters: () => [],
  row: (row) => ({ nodeName: textAt(row, 0), since: dateAt(row, 1) }),
};
