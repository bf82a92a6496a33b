/**
 * What was changed in one domain by whom, the latest first, a page at a time: its mailboxes, those that are gone
 * as well, itself, and its webhooks.
 *
 * Never: what was done to a domain of that name that was removed before this one was added.
 *
 * Plan: backwards along the index of audit rows by domain, whose expression this must repeat to the letter. Both columns
 * are compared and ordered together: with an equality, and few domains, the whole audit would be read along its
 * primary key for a domain of few rows.
 */

import type { Statement } from '../statement.ts';
import { type AuditRow, auditColumns, auditRowOf } from './list-audit.ts';

export interface DomainAuditPage {
  /** The last id of the page before: older rows follow. */
  readonly before?: string;
  /** Canonical. */
  readonly domain: string;
  readonly limit: number;
}

const domainSql = `case when mailbox_id is not null then substring(subject from '[^@]*$')
  when action like 'domain.%' then subject
  when action like 'webhook.%' then detail->>'domain' end`;

export const listDomainAudit: Statement<DomainAuditPage, AuditRow> = {
  name: 'list_domain_audit',
  text: `
select ${auditColumns}
from audit
where ((${domainSql}), audit_id) < ($1, coalesce($2::bigint, ${2n ** 63n - 1n}))
  and ((${domainSql}), audit_id) >= ($1, 0)
  and at >= (select d.created_at from domain d where d.name = $1)
order by (${domainSql}) desc, audit_id desc limit $3`,
  parameters: ({ before, domain, limit }) => [domain, before ?? null, String(limit)],
  row: auditRowOf,
};
