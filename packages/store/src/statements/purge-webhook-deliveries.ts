/**
 * Removes what was delivered and what is dead when it was kept long enough, a bounded number at a time.
 * Answers how many.
 *
 * Plan: the first rows of the partial index on what is finished.
 */

import { numberAt } from '../field.ts';
import {
  webhookDeadKeptHours,
  webhookDeliveredKeptHours,
  webhookRowsPurgedMax,
} from '../limits.ts';
import type { Statement } from '../statement.ts';

export const purgeWebhookDeliveries: Statement<void, number> = {
  name: 'purge_webhook_deliveries',
  text: `
with removed as (
  delete from webhook_delivery where delivery_id = any (array(
    select delivery_id from webhook_delivery
    where state <> 'pending' and finished_at < now() - interval '${webhookDeliveredKeptHours} hours'
      and (state = 'delivered' or finished_at < now() - interval '${webhookDeadKeptHours} hours')
    order by finished_at limit ${webhookRowsPurgedMax}
    for update skip locked))
  returning delivery_id)
select count(*) from removed`,
  parameters: () => [],
  row: (row) => numberAt(row, 0),
};
