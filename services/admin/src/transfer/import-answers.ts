/**
 * What an import answers while it goes on: its job, a line for each step, and how it ended.
 *
 * Never: a line about what is not durable; a job left running when its request is over.
 */

import type { Readable } from 'node:stream';
import type { Config } from '@poplar/runtime';
import { type BegunJob, type Store, StoreError } from '@poplar/store';
import { Problem, problemOf } from '../problem.ts';
import { shownJob } from '../routes/job-shape.ts';
import type { JobKeeper } from './job-keeper.ts';
import { importOctetsMax } from './limits.ts';
import { MailStreamError } from './mail-entry.ts';
import { maildirEntries } from './maildir-entries.ts';
import { mboxEntries } from './mbox-entries.ts';
import { storeMail } from './run-import.ts';

export type ImportAnswer = Readonly<Record<string, unknown>>;

export interface ImportRequest extends BegunJob {
  readonly store: Store;
  readonly config: Config;
  readonly stream: Readable;
  readonly format: 'mbox' | 'maildir';
  readonly from: number;
  readonly more: boolean;
}

export async function* importAnswers(
  request: ImportRequest,
  keeper: JobKeeper,
): AsyncGenerator<ImportAnswer> {
  const { store, job, more } = request;
  try {
    yield { jobId: job.jobId, position: job.handled };
    for await (const step of storeMail(entriesOf(request), workOf(request))) yield { ...step };
    if (more) keeper.release();
    else await keeper.complete();
    const [now = job] = await store.administration.jobs.list({ limit: 1, jobId: job.jobId });
    yield { done: true, ...shownJob(now) };
  } catch (error) {
    const { state, detail } = endBy(error);
    await keeper.broke(state, detail);
    yield { done: false, state, detail };
  } finally {
    // The client is gone: nobody takes the next line.
    await keeper.broke('interrupted', 'the connection was lost');
  }
}

function workOf({ store, config, run, job, from }: ImportRequest) {
  const { mailboxId, handled, messages, octets, withoutUidl, newUidls, skipped } = job;
  const begun = { handled, messages, octets, withoutUidl, newUidls, skipped };
  const { messageOctetsMax } = config.limits;
  return { store, run, destination: { mailboxId, messageOctetsMax }, begun, from };
}

function entriesOf({ stream, format, config }: ImportRequest) {
  const read = format === 'mbox' ? mboxEntries : maildirEntries;
  return read(bounded(stream), { messageOctetsMax: config.limits.messageOctetsMax });
}

async function* bounded(stream: Readable): AsyncGenerator<Uint8Array> {
  let octets = 0;
  let before = 0;
  try {
    // Or else the answer that says why nothing more is read would be lost with the connection.
    for await (const piece of stream.iterator({ destroyOnReturn: false })) {
      if (!(piece instanceof Uint8Array)) throw new TypeError('a stream of a request has octets');
      for (const octet of piece.subarray(0, Math.max(0, 2 - octets))) {
        // How gzip begins (RFC 1952 §2.3.1), and neither an mbox nor an archive does.
        if (before === 0x1f && octet === 0x8b) {
          throw new MailStreamError('it is packed by gzip: unpack it first');
        }
        before = octet;
      }
      octets += piece.byteLength;
      if (octets > importOctetsMax) {
        throw new MailStreamError(`one request brings at most ${importOctetsMax} octets`);
      }
      yield piece;
    }
  } catch (error) {
    if (error instanceof MailStreamError || error instanceof TypeError) throw error;
    throw new Problem(400, 'the connection was lost', { code: 'connection-lost' });
  }
}

function endBy(error: unknown): { state: 'failed' | 'interrupted'; detail: string } {
  if (error instanceof MailStreamError) return { state: 'failed', detail: error.message };
  const { message: detail, status } = problemOf(error);
  const isLost = status === 400 || (error instanceof StoreError && error.retryable);
  return { state: isLost ? 'interrupted' : 'failed', detail: detail.slice(0, 500) };
}
