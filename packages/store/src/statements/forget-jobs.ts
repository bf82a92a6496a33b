/**
 * Removes jobs of which nothing was heard for long. Answers one row for each.
 *
 * Plan: range of the index on their last change, then the primary key.
 */

import { textAt } from '../field.ts';
import { forgetJobsMax, jobKeptDays } from '../limits.ts';
import type { Statement } from '../statement.ts';

export const forgetJobs: Statement<void, string> = {
  name: 'forget_jobs',
  text: `
with old as materialized (
  select job_id from mailbox_job
  where updated_at < now() - make_interval(days => ${jobKeptDays})
  order by updated_at limit ${forgetJobsMax}
  for update skip locked)
delete from mailbox_job where job_id = any(array(select job_id from old))
returning job_id`,
  parameters: () => [],
  row: (row) => textAt(row, 0),
};
