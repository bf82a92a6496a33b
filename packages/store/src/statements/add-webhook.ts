/**
 * Adds a webhook, with its audit row, and tells all nodes that there is one more. Answers one row:
 * its id, or null and why there is none.
 *
 * Never: the secret, or more of the URL than where it leads, in the audit.
 */

import { booleanAt, textOrNullAt } from '../field.ts';
import { webhooksMax, webhooksOfDomainMax } from '../limits.ts';
import { textArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface NewWebhook {
  readonly url: string;
  /** Scheme, host and port of it. */
  readonly origin: string;
  readonly events: readonly string[];
  readonly secret: string;
  /** Canonical; null for all domains. */
  readonly domain: string | null;
  readonly actor: string;
}

export interface AddedWebhook {
  readonly webhookId: string | null;
  readonly hasDomain: boolean;
}

export const addWebhook: Statement<NewWebhook, AddedWebhook> = {
  name: 'add_webhook',
  text: `
with place as (
  select d.domain_id, $4::text is null or d.domain_id is not null as has_domain
  from (select) one left join domain d on d.name = $4::text),
added as (
  insert into webhook (url, events, secret, domain_id, created_by)
  select $1, $2::text[], $3, domain_id, $5 from place
  where has_domain and (select count(*) from webhook) < ${webhooksMax}
    and (domain_id is null or ${webhooksOfDomainMax} > (
      select count(*) from webhook w where w.domain_id = place.domain_id))
  returning webhook_id),
audited as (
  insert into audit (actor, action, subject, detail)
  select $5, 'webhook.add', webhook_id::text, jsonb_strip_nulls(jsonb_build_object(
    'to', $6::text, 'events', $2::text[], 'domain', $4::text))
  from added)
select (select webhook_id from added), p.has_domain, pg_notify('poplar_webhook', 'webhooks')
from place p`,
  parameters: ({ url, origin, events, secret, domain, actor }) => [
    ...[url, textArray(events), secret, domain, actor, origin],
  ],
  row: (row) => ({ webhookId: textOrNullAt(row, 0), hasDomain: booleanAt(row, 1) }),
};
