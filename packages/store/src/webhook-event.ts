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

/** Of `webhook w`: whether it wants an event of a domain. */
export function wantsSql(event: string, domainId: string): string {
  return `w.enabled and ${event} = any (w.events) and (w.domain_id is null or w.domain_id = ${domainId})`;
}
