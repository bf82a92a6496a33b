/**
 * Lists webhooks by id, a page at a time, with what waits for each and what could not be sent; or one of
 * them. Where a domain is given, only its own are seen.
 *
 * Never: a secret.
 *
 * Plan: the primary key; counts stop at a bound.
 */

import { booleanAt, dateAt, dateOrNullAt, numberAt, textAt, textOrNullAt } from '../field.ts';
import { webhookCountMax } from '../limits.ts';
import type { Statement } from '../statement.ts';

export interface WebhookPage {
  /** The last id of the page before; `0` for the first. */
  readonly after: string;
  /** This one alone. */
  readonly webhookId?: string | undefined;
  /** Canonical; null for all. */
  readonly domain: string | null;
  readonly limit: number;
}

export interface WebhookRow {
  readonly webhookId: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly enabled: boolean;
  readonly domain: string | null;
  readonly createdAt: Date;
  readonly createdBy: string;
  /** Until when the secret before the last rotation signs too; null when there is none. */
  readonly formerSecretUntil: Date | null;
  /** Exact up to a bound. */
  readonly pending: number;
  readonly dead: number;
}

export const listWebhooks: Statement<WebhookPage, WebhookRow> = {
  name: 'list_webhooks',
  text: `
select w.webhook_id, w.url, array_to_string(w.events, ' '), w.enabled, d.name,
       extract(epoch from w.created_at) * 1000, w.created_by,
       case when w.former_until > now() then extract(epoch from w.former_until) * 1000 end,
       (select count(*) from (select from webhook_delivery p
          where p.webhook_id = w.webhook_id and p.state = 'pending' limit ${webhookCountMax}) p),
       (select count(*) from (select from webhook_delivery p
          where p.webhook_id = w.webhook_id and p.state = 'dead' limit ${webhookCountMax}) p)
from webhook w left join domain d on d.domain_id = w.domain_id
where w.webhook_id > $1::bigint and ($2::bigint is null or w.webhook_id = $2)
  and ($3::text is null or d.name = $3)
order by w.webhook_id limit $4`,
  parameters: ({ after, webhookId, domain, limit }) => [
    ...[after, webhookId ?? null, domain, String(limit)],
  ],
  row: (row) => ({
    webhookId: textAt(row, 0),
    url: textAt(row, 1),
    events: textAt(row, 2).split(' '),
    enabled: booleanAt(row, 3),
    domain: textOrNullAt(row, 4),
    createdAt: dateAt(row, 5),
    createdBy: textAt(row, 6),
    formerSecretUntil: dateOrNullAt(row, 7),
    pending: numberAt(row, 8),
    dead: numberAt(row, 9),
  }),
};
