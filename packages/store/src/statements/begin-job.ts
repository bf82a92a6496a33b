/**
 * Begins a job with its audit row, or goes on with the one of the same key that was not finished: from then on
 * what an earlier request still does for it is refused. Answers no row when there is no such mailbox, and
 * none when the mailbox is not as this kind of job needs it, the job of that key is over, or has not done what
 * is before `from`: whoever works on it then is not disturbed.
 *
 * The audit names who goes on with a job that somebody else had, or nobody worked on. What the job was is read from
 * the statement's snapshot: of two who go on at the same time, both are named.
 *
 * Plan: the unique indexes of addresses and keys. An earlier request that is just storing messages is waited
 * for by the lock of the row, and its messages are counted in what is answered.
 */

import { type JobRow, jobColumns, jobOf } from '../job-row.ts';
import { jobLeaseSeconds } from '../limits.ts';
import type { Statement } from '../statement.ts';

export interface NewJob {
  /** Canonical. */
  readonly address: string;
  readonly kind: 'import' | 'export';
  readonly format: string;
  readonly requestKey: string | null;
  readonly nodeName: string;
  /** A fresh random UUID: whoever has it may go on. */
  readonly run: string;
  readonly totalMessages: number | null;
  readonly totalOctets: number | null;
  /** Messages that it must have done; 0 without it. */
  readonly from?: number;
  readonly actor: string;
}

export const beginJob: Statement<NewJob, JobRow> = {
  name: 'begin_job',
  durable: true,
  text: `
with before as (
  select o.job_id, o.actor, o.state, o.lease_until
  from mailbox_job o
  where o.mailbox_id = (select b.mailbox_id from mailbox b where b.address = $1)
    and o.request_key = $4),
j as (
  insert into mailbox_job as old (mailbox_id, kind, format, request_key, actor, node, state, run, lease_until,
                          total_messages, total_octets)
  select b.mailbox_id, $2, $3, $4, $5, $6, 'running', $7::uuid,
         now() + make_interval(secs => ${jobLeaseSeconds}), $8::bigint, $9::bigint
  from mailbox b
  where b.address = $1
    and (b.status = 'active' or ($2::text = 'export' and b.status <> 'deleting'))
    and ($10::bigint = 0 or exists (select from before))
  on conflict (mailbox_id, request_key) where request_key is not null do update
  set state = 'running', actor = excluded.actor, run = excluded.run, node = excluded.node, lease_until = excluded.lease_until,
      updated_at = now(), error = null, finished_at = null
  where old.state in ('running', 'interrupted', 'failed')
    and old.kind = excluded.kind and old.format = excluded.format and old.handled >= $10::bigint
  returning *, xmax = 0 as is_new),
audited as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select j.actor, 'mailbox.' || j.kind, j.mailbox_id, $1,
         jsonb_build_object('job', j.job_id, 'format', j.format)
  from j where j.is_new),
resumed as (
  insert into audit (actor, action, mailbox_id, subject, detail)
  select j.actor, 'job.resume', j.mailbox_id, $1,
         jsonb_build_object('job', j.job_id, 'messages', j.messages)
  from j left join before o on o.job_id = j.job_id
  where not j.is_new
    and (o.actor is distinct from j.actor or o.state <> 'running' or o.lease_until <= now()))
select ${jobColumns} from j join mailbox m on m.mailbox_id = j.mailbox_id`,
  parameters: (job) => [
    ...[job.address, job.kind, job.format, job.requestKey, job.actor, job.nodeName, job.run],
    job.totalMessages === null ? null : String(job.totalMessages),
    job.totalOctets === null ? null : String(job.totalOctets),
    String(job.from ?? 0),
  ],
  row: jobOf,
};
