/**
 * Stores the messages of a stream, in order, some in each transaction together with how many that makes: what is
 * told is durable, and whoever lost the connection sends what is behind it.
 *
 * Never: a message told before its transaction is committed; a transaction that waits for the stream.
 */

import { type JobProgress, type JobRun, type Store, StoreError } from '@poplar/store';
import {
  type Destination,
  type Imported,
  importMessage,
  type Prepared,
  prepared,
} from './import-message.ts';
import { importBatchMessagesMax, importBatchOctetsMax } from './limits.ts';
import type { MailEntry, SkipReason } from './mail-entry.ts';

/** What became of some messages that follow each other. Messages are counted from 1. */
export interface ImportStep {
  /** Messages of the whole import that are done with. */
  readonly position: number;
  readonly stored: number;
  readonly octets: number;
  readonly withoutUidl: number;
  readonly skipped: readonly { readonly at: number; readonly reason: SkipReason }[];
  readonly newUidls: readonly number[];
}

export interface ImportWork {
  readonly store: Store;
  readonly run: JobRun;
  readonly destination: Destination;
  /** As it was when the job was begun, or gone on with. */
  readonly begun: JobProgress;
  /** Messages of the import before the first one of this stream. */
  readonly from: number;
}

/** Rejects with Problem, MailStreamError and StoreError: CONFLICT when the job is not ours any more. */
export async function* storeMail(
  pieces: AsyncIterable<readonly MailEntry[]>,
  work: ImportWork,
): AsyncGenerator<ImportStep> {
  let progress = work.begun;
  let known = progress.handled - work.from;
  for await (const entries of pieces) {
    const fresh = entries.slice(Math.min(known, entries.length));
    known -= entries.length - fresh.length;
    for (const some of batchesOf(fresh.map((entry) => prepared(entry, work.destination)))) {
      for await (const [next, step] of stored(some, progress, work)) {
        progress = next;
        yield step;
      }
    }
  }
}

function* batchesOf(messages: readonly Prepared[]): Generator<readonly Prepared[]> {
  let batch: Prepared[] = [];
  let octets = 0;
  for (const message of messages) {
    const more = message.kind === 'message' ? message.request.octets : 0;
    if (
      batch.length === importBatchMessagesMax ||
      (batch.length > 0 && octets + more > importBatchOctetsMax)
    ) {
      yield batch;
      batch = [];
      octets = 0;
    }
    batch.push(message);
    octets += more;
  }
  if (batch.length > 0) yield batch;
}

type Stored = readonly [JobProgress, ImportStep];

/** In one transaction; or in one each, if the schema does not allow one of them. */
async function* stored(
  batch: readonly Prepared[],
  progress: JobProgress,
  work: ImportWork,
): AsyncGenerator<Stored> {
  try {
    yield await storedAtOnce(batch, progress, work);
    return;
  } catch (error) {
    if (!(error instanceof StoreError && error.code === 'INVALID')) throw error;
  }
  if (batch.length === 1) {
    yield await storedAtOnce([{ kind: 'skipped', reason: 'refused' }], progress, work);
    return;
  }
  let before = progress;
  for (const message of batch) {
    for await (const one of stored([message], before, work)) {
      [before] = one;
      yield one;
    }
  }
}

async function storedAtOnce(
  batch: readonly Prepared[],
  progress: JobProgress,
  { store, run, destination }: ImportWork,
): Promise<Stored> {
  let result: Stored | null = null;
  await store.administration.jobs.batch(run, async (transaction) => {
    const outcomes: Imported[] = [];
    for (const message of batch) {
      outcomes.push(await importMessage(message, transaction, destination));
    }
    result = added(progress, outcomes);
    return result[0];
  });
  if (result === null)
    throw new StoreError('STORE_FAULT', 'a batch was committed without its work');
  return result;
}

function added(before: JobProgress, outcomes: readonly Imported[]): Stored {
  let { messages, octets, withoutUidl } = before;
  const skipped: { at: number; reason: SkipReason }[] = [];
  const newUidls: number[] = [];
  const counts = { ...before.skipped };
  for (const [index, outcome] of outcomes.entries()) {
    const at = before.handled + index + 1;
    if (outcome.kind === 'skipped') {
      skipped.push({ at, reason: outcome.reason });
      counts[outcome.reason] = (counts[outcome.reason] ?? 0) + 1;
      continue;
    }
    messages += 1;
    octets += outcome.octets;
    if (outcome.uidl === 'none') withoutUidl += 1;
    if (outcome.isRenewed) newUidls.push(at);
  }
  const handled = before.handled + outcomes.length;
  const progress = {
    ...{ handled, messages, octets, withoutUidl, skipped: counts },
    newUidls: before.newUidls + newUidls.length,
  };
  const step = {
    ...{ position: handled, stored: messages - before.messages, octets: octets - before.octets },
    ...{ withoutUidl: withoutUidl - before.withoutUidl, skipped, newUidls },
  };
  return [progress, step];
}
