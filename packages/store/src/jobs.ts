/**
 * Jobs: imports and exports, how far they are, and who may go on with them. Messages of an import are stored
 * in one transaction with their count, so whoever goes on behind that count loses none and doubles none.
 *
 * One request works on a job at a time: the one that began it, or went on with it, last. It has a lease that
 * each step renews; when that is over, the job is interrupted for whoever looks.
 *
 * Never: messages stored for a job that was cancelled, or that another request goes on with; a transaction
 * open while a client is waited for (`work` has its messages in memory).
 */

import { randomUUID } from 'node:crypto';
import { type ByActor, byActor } from './by-actor.ts';
import type { LinkPool } from './connection/pool.ts';
import type { DeliverRequest, MailboxId, UidlHolder, UidlQuestion } from './contract.ts';
import { InTheWay, NotFound, StoreError } from './errors.ts';
import type { JobProgress, JobRow } from './job-row.ts';
import { bodyOctetsMax, pageRowsMax } from './limits.ts';
import { advanceJob, type JobRun } from './statements/advance-job.ts';
import { beginJob, type NewJob } from './statements/begin-job.ts';
import { type CancelledJob, cancelJob } from './statements/cancel-job.ts';
import { type DeliveredCopy, deliverMessage } from './statements/deliver-message.ts';
import { type EndedJob, endJob } from './statements/end-job.ts';
import { findByUidl } from './statements/find-by-uidl.ts';
import { forgetJobs } from './statements/forget-jobs.ts';
import { keepJob } from './statements/keep-job.ts';
import { type JobPage, listJobs } from './statements/list-jobs.ts';

/** What `work` of a batch may do, all of it in one transaction. */
export interface ImportBatch {
  deliver(
    mailboxId: MailboxId,
    message: Omit<DeliverRequest, 'deliveries'>,
  ): Promise<DeliveredCopy['outcome']>;
  findByUidl(question: UidlQuestion): Promise<UidlHolder | null>;
}

export interface BegunJob {
  readonly job: JobRow;
  readonly run: JobRun;
}

export class Jobs {
  readonly #pool: LinkPool;

  constructor(pool: LinkPool) {
    this.#pool = pool;
  }

  /**
   * Begins one, or goes on with that of the same key. Null when the mailbox is not there or does not take
   * part, or the job of that key is over: `list` tells.
   */
  async begin(input: ByActor<Omit<NewJob, 'run'>>): Promise<BegunJob | null> {
    const run = randomUUID();
    const [job] = await this.#pool.run(beginJob, byActor({ ...input, run }));
    return job === undefined ? null : { job, run: { jobId: job.jobId, run } };
  }

  /** Durable when it answers, all of it. CONFLICT when the job is not this run's any more: nothing is stored. */
  async batch(run: JobRun, work: (batch: ImportBatch) => Promise<JobProgress>): Promise<void> {
    await this.#pool.transaction(async (link) => {
      const progress = await work({
        findByUidl: async (question) => (await link.run(findByUidl, question))[0] ?? null,
        deliver: async (mailboxId, { pieces, octets, headerOctets, uidl, receivedAt }) => {
          if (pieces.reduce((sum, piece) => sum + piece.byteLength, 0) > bodyOctetsMax) {
            throw new StoreError('INVALID', 'the message is too large');
          }
          const [copy] = await link.run(deliverMessage, {
            ...{ mailboxIds: [mailboxId], guids: [randomUUID()], prefixes: [new Uint8Array(0)] },
            ...{ pieces, octets, headerOctets, uidl: uidl ?? null, receivedAt: receivedAt ?? null },
          });
          if (copy === undefined) throw new StoreError('STORE_CORRUPT', 'a copy has no outcome');
          return copy.outcome;
        },
      });
      if ((await link.run(advanceJob, { ...run, ...progress })).length === 0) throw notOurs();
    });
  }

  /** Says how far it is, and that somebody is at it. CONFLICT likewise. */
  async advance(run: JobRun, progress: JobProgress): Promise<void> {
    const advanced = await this.#pool.run(advanceJob, { ...run, ...progress });
    if (advanced.length === 0) throw notOurs();
  }

  /** Says that somebody is at it, however far it is. CONFLICT likewise. */
  async keep(run: JobRun): Promise<void> {
    if ((await this.#pool.run(keepJob, run)).length === 0) throw notOurs();
  }

  /** CONFLICT likewise. */
  async end(ended: EndedJob): Promise<void> {
    if ((await this.#pool.run(endJob, ended)).length === 0) throw notOurs();
  }

  /** The job as it is then; one that is complete stays so. NOT_FOUND when there is none. */
  async cancel(input: ByActor<CancelledJob>): Promise<JobRow> {
    const [job] = await this.#pool.run(cancelJob, byActor(input));
    if (job === undefined) throw new NotFound('job');
    return job;
  }

  /** The latest first. */
  async list(page: JobPage): Promise<JobRow[]> {
    if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > pageRowsMax) {
      throw new StoreError('INVALID', `a page has 1 to ${pageRowsMax} rows`);
    }
    return this.#pool.run(listJobs, page);
  }

  /** Removes old ones. Answers how many; call again when it is the bound. */
  async forget(): Promise<number> {
    return (await this.#pool.run(forgetJobs, undefined)).length;
  }
}

function notOurs(): StoreError {
  return new InTheWay('job-run', 'the job was cancelled, or another request goes on with it');
}
