/**
 * Cancels a job that is not over, or could go on: whoever works on it is refused from then on. Messages
 * that it stored stay. Answers the job as it is, changed or not; no row when there is none, or none of
 * that domain.
 *
 * Plan: the primary keys.
 */

import { type JobRow, jobColumns, jobOf } from '../job-row.ts';
import type { Statement } from '../statement.ts';

export interface CancelledJob {
  readonly jobId: string;
  /** Canonical; null for all. */
  readonly domain: string | null;
  readonly actor: string;
}

export const cancelJob: Statement<CancelledJob, JobRow> = {
  name: 'cancel_job',
  durable: true,
  text: `
with found as (
  select j.job_id, m.mailbox_id, m.address
  from mailbox_job j join mailbox m on m.mailbox_id = j.mailbox_id
  where j.job_id = $1 and ($2::text is null or
    m.domain_id = (select d.domain_id from domain d where d.name = $2))),
cancelled as (
  update mailbox_job j set state = 'cancelled', finished_at = now(), updated_at = now(), error = null
  from found f
  where j.job_id = f.job_id and j.job_id = $1 and j.state in ('running', 'interrupted', 'failed')
  returning j.*),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select $3, 'job.cancel', f.mailbox_id, f.address,
         jsonb_build_object('job', c.job_id, 'messages', c.messages)
  from cancelled c join found f on f.job_id = c.job_id),
shown as (
  select * from cancelled
  union all
  select j.* from mailbox_job j join found f on f.job_id = j.job_id
  where j.job_id = $1 and not exists (select from cancelled))
select ${jobColumns} from shown j join mailbox m on m.mailbox_id = j.mailbox_id`,
  parameters: ({ jobId, domain, actor }) => [jobId, domain, actor],
  row: jobOf,
};
