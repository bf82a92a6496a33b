/**
 * The secret that the nodes of this database share.
 */

import { bytesAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export const readClusterKey: Statement<void, Buffer> = {
  name: 'read_cluster_key',
  binary: true,
  text: 'select key from cluster_key',
  parameters: () => [],
  row: (row) => bytesAt(row, 0),
};
