/**
 * What statements that tell webhooks of an event have in common: the body as it is sent, and which
 * webhooks want it. An event has one id, however many webhooks are told of it. Events of administration
 * come from the trigger of the audit (migration 0009), which writes the same.
 *
 * Never: a subject, a sender, a secret, or anything else that a message or a client said.
 */

interface Told {
  /** SQL of each. */
  readonly id: string;
  readonly event: string;
  readonly domain: string;
  readonly mailbox: string;
  readonly data: string;
}

export function payloadSql({ id, event, domain, mailbox, data }: Told): string {
  return `jsonb_build_object('id', ${id}, 'event', ${event},
           'at', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
           'domain', ${domain}, 'mailbox', ${mailbox}, 'data', ${data})`;
}

interface Wanted {
  /** SQL of each. */
  readonly event: string;
  readonly domainId: string;
}

/** The webhooks that want an event of a domain: each is a row `w`. */
export function wantingSql({ event, domainId }: Wanted): string {
  return `cross join lateral (
    select w.webhook_id from webhook w
    where w.enabled and ${event} = any (w.events)
      and (w.domain_id is null or w.domain_id = ${domainId}) offset 0) w`;
}

/** Address and domain of a mailbox, by primary keys whatever the statistics say: rows `b` and `o`. */
export function mailboxSql(mailboxId: string): string {
  return `cross join lateral (
    select b.address, b.domain_id from mailbox b where b.mailbox_id = ${mailboxId} offset 0) b
  cross join lateral (
    select o.name from domain o where o.domain_id = b.domain_id offset 0) o`;
}
