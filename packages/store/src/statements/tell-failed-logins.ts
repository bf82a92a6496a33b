/**
 * Tells webhooks of many failed logins, by the login name of one mailbox or by the address that they come
 * from: once in an hour each, whichever nodes count them. A name that nobody has is told of as nothing: who
 * guesses names is seen by the address. Addresses belong to no domain, so only webhooks of all domains
 * hear of them.
 *
 * Plan: the login name by its index; webhooks are few; the unique index on what is told once.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';
import { mailboxSql, payloadSql, wantingSql } from '../webhook-event.ts';

export interface FailedLogins {
  /** Canonical, as it was looked up; null when it is the address that has failed so often. */
  readonly name: string | null;
  /** An IPv4 address or the /64 of an IPv6 one: where the last of them came from. */
  readonly client: string;
  readonly failures: number;
}

const payload = payloadSql({
  ...{ id: 's.event_id', event: "'login.failed_many'", domain: 's.domain', mailbox: 's.address' },
  data: "jsonb_build_object('client', $2::text, 'failures', $3::integer)",
});

export const tellFailedLogins: Statement<FailedLogins, string> = {
  name: 'tell_failed_logins',
  text: `
with named as (
  select l.mailbox_id, b.address, b.domain_id, o.name as domain
  from login_name l
  ${mailboxSql('l.mailbox_id')}
  where l.name = $1::text),
subject as materialized (
  select gen_random_uuid() as event_id, domain_id, domain, address, 'mailbox ' || mailbox_id as key
  from named
  union all
  select gen_random_uuid(), null::bigint, null::text, null::text, 'client ' || $2::text
  where $1::text is null)
insert into webhook_delivery (webhook_id, event_id, event, payload, once_key)
select w.webhook_id, s.event_id, 'login.failed_many', ${payload},
       s.key || ' ' || floor(extract(epoch from now()) / 3600)
from subject s
${wantingSql({ event: "'login.failed_many'", domainId: 's.domain_id' })}
on conflict (webhook_id, once_key) where once_key is not null do nothing
returning delivery_id`,
  parameters: ({ name, client, failures }) => [name, client, String(failures)],
  row: (row) => textAt(row, 0),
};
