/**
 * Makes a connection hear what is asked of lock owners. On a line that nobody uses it also shows
 * whether the connection still stands: it is said again from time to time.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export const listen: Statement<void, string> = {
  name: 'listen',
  text: 'listen poplar_lock',
  parameters: () => [],
  row: (row) => textAt(row, 0),
};
