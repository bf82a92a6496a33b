/**
 * What was changed of one mailbox by whom, the latest first, a page at a time.
 *
 * Plan: backwards along the index of a mailbox's rows.
 */

import type { Statement } from '../statement.ts';
import { type AuditRow, auditColumns, auditRowOf } from './list-audit.ts';

export interface MailboxAuditPage {
  /** The last id of the page before: older rows follow. */
  readonly before?: string;
  /** Canonical. */
  readonly address: string;
  readonly limit: number;
}

export const listMailboxAudit: Statement<MailboxAuditPage, AuditRow> = {
  name: 'list_mailbox_audit',
  text: `
select ${auditColumns}
from audit
where mailbox_id = (select m.mailbox_id from mailbox m where m.address = $1)
  and audit_id < coalesce($2::bigint, ${2n ** 63n - 1n})
order by audit_id desc limit $3`,
  parameters: ({ address, before, limit }) => [address, before ?? null, String(limit)],
  row: auditRowOf,
};
