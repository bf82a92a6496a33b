/**
 * Makes a connection hear that webhooks were added, changed or removed.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export const listenWebhooks: Statement<void, string> = {
  name: 'listen_webhooks',
  text: 'listen poplar_webhook',
  parameters: () => [],
  row: (row) => textAt(row, 0),
};
