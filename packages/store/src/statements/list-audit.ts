/**
 * What was changed by whom, the latest first, a page at a time: of everything. One mailbox and one domain have
 * statements of their own.
 *
 * Plan: backwards along the primary key.
 */

import { dateAt, type Row, textAt, textOrNullAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface AuditPage {
  /** The last id of the page before: older rows follow. */
  readonly before?: string;
  readonly limit: number;
}

export interface AuditRow {
  readonly auditId: string;
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly mailboxId: string | null;
  readonly subject: string;
  /** JSON. */
  readonly detail: string;
}

export const auditColumns =
  'audit_id, extract(epoch from at) * 1000, actor, action, mailbox_id, subject, detail::text';

export function auditRowOf(row: Row): AuditRow {
  return {
    auditId: textAt(row, 0),
    at: dateAt(row, 1),
    actor: textAt(row, 2),
    action: textAt(row, 3),
    mailboxId: textOrNullAt(row, 4),
    subject: textAt(row, 5),
    detail: textAt(row, 6),
  };
}

export const listAudit: Statement<AuditPage, AuditRow> = {
  name: 'list_audit',
  text: `
select ${auditColumns}
from audit
where audit_id < coalesce($1::bigint, ${2n ** 63n - 1n})
order by audit_id desc limit $2`,
  parameters: ({ before, limit }) => [before ?? null, String(limit)],
  row: auditRowOf,
};
