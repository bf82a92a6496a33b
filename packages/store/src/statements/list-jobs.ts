/**
 * Jobs, the latest first, a page at a time: of everything, of a domain, of a mailbox, or the one of a key.
 *
 * Plan: backwards along the primary key, or along the index of a mailbox's jobs. Old ones are removed, so
 * there are never many.
 */

import { type JobRow, jobColumns, jobOf } from '../job-row.ts';
import type { Statement } from '../statement.ts';

export interface JobPage {
  /** The last id of the page before: older ones follow. */
  readonly before?: string;
  readonly limit: number;
  readonly jobId?: string;
  /** Canonical; all without it. */
  readonly domain?: string;
  readonly address?: string;
  readonly requestKey?: string;
}

export const listJobs: Statement<JobPage, JobRow> = {
  name: 'list_jobs',
  text: `
select ${jobColumns}
from mailbox_job j join mailbox m on m.mailbox_id = j.mailbox_id
where ($1::bigint is null or j.job_id < $1)
  and ($3::bigint is null or j.job_id = $3)
  and ($4::text is null or m.domain_id = (select d.domain_id from domain d where d.name = $4))
  and ($5::text is null or j.mailbox_id = (select b.mailbox_id from mailbox b where b.address = $5))
  and ($6::text is null or j.request_key = $6)
order by j.job_id desc limit $2`,
  parameters: ({ before, limit, jobId, domain, address, requestKey }) => [
    ...[before ?? null, String(limit), jobId ?? null, domain ?? null],
    ...[address ?? null, requestKey ?? null],
  ],
  row: jobOf,
};
