/**
 * Writes down how far a job is, and that somebody is still at it. Answers no row when it was cancelled or
 * another request goes on with it: then nothing of the transaction around it may stay.
 *
 * Plan: the primary key.
 */

import { textAt } from '../field.ts';
import type { JobProgress } from '../job-row.ts';
import { jobLeaseSeconds } from '../limits.ts';
import type { Statement } from '../statement.ts';

export interface JobRun {
  readonly jobId: string;
  readonly run: string;
}

export const advanceJob: Statement<JobRun & JobProgress, string> = {
  name: 'advance_job',
  text: `
update mailbox_job
set handled = $3, messages = $4, octets = $5, without_uidl = $6, new_uidls = $7, skipped = $8::jsonb,
    updated_at = now(), lease_until = now() + make_interval(secs => ${jobLeaseSeconds})
where job_id = $1 and run = $2 and state = 'running'
returning job_id`,
  parameters: ({ jobId, run, handled, messages, octets, withoutUidl, newUidls, skipped }) => [
    ...[jobId, run, String(handled), String(messages), String(octets)],
    ...[String(withoutUidl), String(newUidls), JSON.stringify(skipped)],
  ],
  row: (row) => textAt(row, 0),
};
