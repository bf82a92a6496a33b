/**
 * Changes a webhook: where it leads, what it wants, whether it is suspended; with a new secret the former
 * one signs as well for a while, unless it is dropped. With its audit row; all nodes are told. Answers no row when there is none, or none
 * of that domain.
 *
 * Never: a secret, or more of the URL than where it leads, in the audit.
 */

import { textAt } from '../field.ts';
import { formerSecretHours } from '../limits.ts';
import { textArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface WebhookSettings {
  readonly webhookId: string;
  /** Only one of this domain; null for any. */
  readonly domain: string | null;
  /** What is not given stays. */
  readonly url?: string | undefined;
  readonly origin?: string | undefined;
  readonly events?: readonly string[] | undefined;
  readonly enabled?: boolean | undefined;
  readonly secret?: string | undefined;
  /** No secret but the one that is current then signs any more: the one before has leaked. */
  readonly dropFormer?: boolean | undefined;
  readonly actor: string;
}

export const setWebhook: Statement<WebhookSettings, string> = {
  name: 'set_webhook',
  text: `
with changed as (
  update webhook w
  set url = coalesce($3::text, w.url), events = coalesce($4::text[], w.events),
      enabled = coalesce($5::boolean, w.enabled),
      former_secret = case when $9::boolean then null
                           when $6::text is null then w.former_secret else w.secret end,
      former_until = case when $9::boolean then null
                          when $6::text is null then w.former_until
                          else now() + interval '${formerSecretHours} hours' end,
      secret = coalesce($6::text, w.secret)
  where w.webhook_id = $1::bigint
    and ($2::text is null or w.domain_id = (select d.domain_id from domain d where d.name = $2))
  returning w.webhook_id, w.domain_id),
audited as (
  insert into audit (actor, action, subject, detail)
  select $7, case when $6::text is null then 'webhook.set' else 'webhook.rotate' end, webhook_id::text,
         jsonb_strip_nulls(jsonb_build_object(
           'to', $8::text, 'events', $4::text[], 'enabled', $5::boolean,
           'dropFormer', case when $9::boolean then true end,
           'domain', (select d.name from domain d where d.domain_id = c.domain_id)))
  from changed c)
select webhook_id, pg_notify('poplar_webhook', 'webhooks') from changed`,
  parameters: ({ webhookId, domain, url, origin, events, enabled, secret, dropFormer, actor }) => [
    webhookId,
    domain,
    url ?? null,
    events === undefined ? null : textArray(events),
    enabled === undefined ? null : String(enabled),
    secret ?? null,
    actor,
    origin ?? null,
    String(dropFormer === true),
  ],
  row: (row) => textAt(row, 0),
};
