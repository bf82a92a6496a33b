/**
 * Which events webhooks want, one row a webhook: what each node remembers (subscriptions.ts).
 *
 * Plan: the whole table, which is small.
 */

import { booleanAt, textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface Subscription {
  readonly enabled: boolean;
  readonly events: readonly string[];
}

export const readSubscriptions: Statement<void, Subscription> = {
  name: 'read_subscriptions',
  text: `select enabled, array_to_string(events, ' ') from webhook`,
  parameters: () => [],
  row: (row) => ({ enabled: booleanAt(row, 0), events: textAt(row, 1).split(' ') }),
};
