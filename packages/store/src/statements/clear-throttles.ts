/**
 * Orders all nodes to forget what they count under some keys, and writes the audit row. The order is a row
 * of the exchange of penalties with the score that clears, of no node, so that every node reads it, behind
 * what was added before it.
 *
 * Plan: inserts; the mailbox is found by its unique address.
 */

import { numberAt } from '../field.ts';
import { byteaArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface ClearedThrottles {
  /** Eight octets of a hash each, no one twice. */
  readonly keys: readonly Uint8Array[];
  /** The account, address or key that was named: for the audit. */
  readonly subject: string;
  readonly actor: string;
}

/** The score that a node takes for the order; its constraint is as old as the table. */
const clearingScore = -1_000_000;

export const clearThrottles: Statement<ClearedThrottles, number> = {
  name: 'clear_throttles',
  text: `
with ordered as (
  insert into login_penalty (key, node_name, score)
  select w.key, '', ${clearingScore} from unnest($1::bytea[]) as w (key)
  returning key),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $2, 'throttle.clear', (select m.mailbox_id from mailbox m where m.address = $3), $3,
         jsonb_build_object('scores', (select count(*) from ordered))
  returning audit_id)
select (select count(*) from ordered) from audited`,
  parameters: ({ keys, subject, actor }) => [byteaArray(keys), actor, subject],
  row: (row) => numberAt(row, 0),
};
