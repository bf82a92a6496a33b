/**
 * A job as it is shown, the same columns in every statement that answers one. A job whose lease is over is
 * told as interrupted, whatever its row says: its node cannot say so any more.
 *
 * Never: `running` said of work that nobody does.
 */

import type { MailboxId } from './contract.ts';
import type { Row } from './field.ts';
import {
  dateAt,
  dateOrNullAt,
  mailboxIdAt,
  numberAt,
  numberOrNullAt,
  textAt,
  textOrNullAt,
} from './field.ts';

export type JobState = 'running' | 'complete' | 'cancelled' | 'failed' | 'interrupted';

/** Counted from the beginning of the job, through all requests that went on with it. */
export interface JobProgress {
  /** Messages of the stream that are done with, stored or left out. */
  readonly handled: number;
  readonly messages: number;
  readonly octets: number;
  readonly withoutUidl: number;
  readonly newUidls: number;
  /** How many were left out, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
}

export interface JobRow extends JobProgress {
  readonly jobId: string;
  readonly mailboxId: MailboxId;
  readonly address: string;
  readonly kind: 'import' | 'export';
  readonly format: string;
  readonly requestKey: string | null;
  readonly actor: string;
  readonly nodeName: string;
  readonly state: JobState;
  readonly totalMessages: number | null;
  readonly totalOctets: number | null;
  readonly error: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly finishedAt: Date | null;
}

/** Of `mailbox_job j` and `mailbox m`. */
export const jobColumns = `
j.job_id, j.mailbox_id, m.address, j.kind, j.format, j.request_key, j.actor, j.node,
case when j.state = 'running' and j.lease_until < now() then 'interrupted' else j.state end,
j.handled, j.messages, j.octets, j.without_uidl, j.new_uidls, j.skipped::text,
j.total_messages, j.total_octets, j.error, extract(epoch from j.created_at) * 1000,
extract(epoch from j.updated_at) * 1000,
extract(epoch from coalesce(j.finished_at,
  case when j.state = 'running' and j.lease_until < now() then j.lease_until end)) * 1000`;

const states: readonly JobState[] = ['running', 'complete', 'cancelled', 'failed', 'interrupted'];

function stateOf(text: string): JobState {
  return states.find((state) => state === text) ?? 'failed';
}

function countsOf(json: string): Record<string, number> {
  const counts: Record<string, unknown> = Object(JSON.parse(json));
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, Number(count)]));
}

export function jobOf(row: Row): JobRow {
  return {
    jobId: textAt(row, 0),
    mailboxId: mailboxIdAt(row, 1),
    address: textAt(row, 2),
    kind: textAt(row, 3) === 'import' ? 'import' : 'export',
    format: textAt(row, 4),
    requestKey: textOrNullAt(row, 5),
    actor: textAt(row, 6),
    nodeName: textAt(row, 7),
    state: stateOf(textAt(row, 8)),
    handled: numberAt(row, 9),
    messages: numberAt(row, 10),
    octets: numberAt(row, 11),
    withoutUidl: numberAt(row, 12),
    newUidls: numberAt(row, 13),
    skipped: countsOf(textAt(row, 14)),
    totalMessages: numberOrNullAt(row, 15),
    totalOctets: numberOrNullAt(row, 16),
    error: textOrNullAt(row, 17),
    createdAt: dateAt(row, 18),
    updatedAt: dateAt(row, 19),
    finishedAt: dateOrNullAt(row, 20),
  };
}
