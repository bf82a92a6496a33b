/**
 * Ends a job, with an audit row that says what it did. An import of which more will come stays as it is and
 * keeps its lease for a while. Answers no row when somebody else has it, or it was cancelled.
 *
 * Plan: the primary keys.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';
import type { JobRun } from './advance-job.ts';

export interface EndedJob extends JobRun {
  readonly state: 'complete' | 'failed' | 'interrupted';
  /** For people, in one line; null when it is complete. */
  readonly error: string | null;
}

export const endJob: Statement<EndedJob, string> = {
  name: 'end_job',
  durable: true,
  text: `
with ended as (
  update mailbox_job set state = $3, error = $4, finished_at = now(), updated_at = now()
  where job_id = $1 and run = $2 and state = 'running'
  returning *),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select e.actor, 'job.' || e.state, e.mailbox_id, m.address,
         jsonb_build_object('job', e.job_id, 'messages', e.messages)
  from ended e join mailbox m on m.mailbox_id = e.mailbox_id)
select job_id from ended`,
  parameters: ({ jobId, run, state, error }) => [jobId, run, state, error],
  row: (row) => textAt(row, 0),
};
