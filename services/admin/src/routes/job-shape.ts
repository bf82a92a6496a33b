/**
 * How jobs look in answers.
 */

import type { JobRow } from '@poplar/store';
import { type Static, Type } from 'typebox';
import { isoOrNull, textOrNull, time, timeOrNull } from './shapes.ts';

const count = Type.Integer({ minimum: 0 });

export const jobSchema = Type.Object(
  {
    jobId: Type.String(),
    kind: Type.String({ description: '`import` or `export`' }),
    address: Type.String(),
    format: Type.String({ description: '`mbox` or `maildir`' }),
    state: Type.String({
      description:
        '`running`, `complete`, `cancelled`, `failed`, or `interrupted`: nobody works on it any more',
    }),
    key: Type.Union([Type.String(), Type.Null()], { description: 'the Idempotency-Key it has' }),
    actor: Type.String({ description: 'as in the audit' }),
    node: Type.String({ description: 'that works on it, or did last' }),
    position: Type.Integer({
      description: 'messages that are done with: an import goes on behind them',
    }),
    messages: Type.Integer({ description: 'of them, that were stored or given out' }),
    octets: Type.Integer({ description: 'of these messages, as LIST says' }),
    withoutUidl: count,
    newUidls: Type.Integer({
      description: 'stored under a new UIDL: theirs belongs to another one',
    }),
    skipped: Type.Record(Type.String(), Type.Integer(), { description: 'left out, by reason' }),
    totalMessages: Type.Union([count, Type.Null()]),
    totalOctets: Type.Union([count, Type.Null()]),
    error: textOrNull,
    createdAt: time,
    updatedAt: time,
    finishedAt: timeOrNull,
  },
  {
    examples: [
      {
        ...{ jobId: '12', kind: 'import', address: 'ann@example.org', format: 'mbox' },
        ...{ state: 'running', key: '4b1d9f52', actor: 'root', node: 'pop-1' },
        ...{ position: 640, messages: 638, octets: 20_401_112, withoutUidl: 0, newUidls: 0 },
        ...{
          skipped: { 'duplicate-uidl': 2 },
          totalMessages: null,
          totalOctets: null,
          error: null,
        },
        createdAt: '2026-11-24T08:00:00.000Z',
        updatedAt: '2026-11-24T08:00:04.000Z',
        finishedAt: null,
      },
    ],
  },
);

export function shownJob(row: JobRow): Static<typeof jobSchema> {
  const { jobId, kind, address, format, state, actor, messages, octets } = row;
  const { withoutUidl, newUidls, totalMessages, totalOctets, error } = row;
  return {
    ...{ jobId, kind, address, format, state, key: row.requestKey, actor, node: row.nodeName },
    ...{ position: row.handled, messages, octets, withoutUidl, newUidls },
    ...{ skipped: { ...row.skipped }, totalMessages, totalOctets, error },
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    finishedAt: isoOrNull(row.finishedAt),
  };
}
