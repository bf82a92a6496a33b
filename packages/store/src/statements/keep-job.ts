/**
 * Says that somebody is still at a job, and nothing else of it. Answers no row when it was cancelled or another
 * request goes on with it.
 *
 * Plan: the primary key.
 */

import { textAt } from '../field.ts';
import { jobLeaseSeconds } from '../limits.ts';
import type { Statement } from '../statement.ts';
import type { JobRun } from './advance-job.ts';

export const keepJob: Statement<JobRun, string> = {
  name: 'keep_job',
  text: `
update mailbox_job set lease_until = now() + make_interval(secs => ${jobLeaseSeconds})
where job_id = $1 and run = $2 and state = 'running'
returning job_id`,
  parameters: ({ jobId, run }) => [jobId, run],
  row: (row) => textAt(row, 0),
};
