/**
 * What was changed by whom, the latest first, a page at a time: of everything, or of one mailbox.
 *
 * Plan: backwards along the primary key, or along the index of a mailbox's rows.
 */

import { dateAt, type Row, textAt, textOrNullAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface AuditPage {
  /** The last id of the page before: older rows follow. */
  readonly before?: string;
  /** A canonical address; all without it. */
  readonly address?: string;
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
where ($1::bigint is null or audit_id < $1)
  and ($2::text is null or mailbox_id = (select m.mailbox_id from mailbox m where m.address = $2))
order by audit_id desc limit $3`,
  parameters: ({ before, address, limit }) => [before ?? null, address ?? null, String(limit)],
  row: auditRowOf,
};
