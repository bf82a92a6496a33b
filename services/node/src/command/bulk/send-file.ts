/**
 * Sends the lines of a file to the REST API, some in each request, and writes down what it answers. A request
 * whose answer is lost may have made its mailboxes: they are not counted, and exist when the file is sent again.
 *
 * Never: a line counted that was not answered; a line left out without a word.
 */

import { StartError } from '@poplar/runtime';
import { type ApiClient, type Fields, textOf } from '../api/client.ts';
import { bulkRequestRows } from '../limits.ts';
import { textLines } from '../text-lines.ts';
import type { BulkReport, BulkResult } from './report.ts';

export const forms = ['csv', 'ndjson'] as const;
export type Form = (typeof forms)[number];

const types: Readonly<Record<Form, string>> = {
  csv: 'text/csv; charset=utf-8',
  ndjson: 'application/x-ndjson',
};

export interface BulkFile {
  readonly api: ApiClient;
  readonly path: string;
  readonly form: Form;
  readonly report: BulkReport;
  /** Aborted: stop behind the request at hand. */
  readonly stopping: AbortSignal;
  readonly onProgress: () => void;
}

interface Row {
  readonly lineNumber: number;
  readonly text: string;
}

/** Throws StartError. */
export async function sendFile(file: BulkFile): Promise<void> {
  const { path, form, report, stopping } = file;
  let head: string | null = form === 'csv' ? null : '';
  let rows: Row[] = [];
  let read = { lines: 0, octetsRead: 0 };
  for await (const { lineNumber, text, octetsRead } of textLines(path)) {
    read = { lines: lineNumber, octetsRead };
    if (text === null) {
      if (head === null) throw new StartError(`${path}: its first line is not UTF-8`);
      report.take({ lineNumber, outcome: 'refused', detail: 'too long, or not UTF-8' });
    } else if (head === null) head = `${text}\n`;
    else if (text !== '') rows.push({ lineNumber, text });
    if (rows.length < bulkRequestRows) continue;
    await send(file, head, rows);
    Object.assign(report, read);
    file.onProgress();
    rows = [];
    if (stopping.aborted) {
      report.end = { kind: 'stopped' };
      return;
    }
  }
  // Also where there is nothing but a first line: the API says what is wrong with that.
  if (rows.length > 0 || report.lines === 0) await send(file, head ?? '', rows);
  Object.assign(report, read);
}

async function send(
  { api, form, report }: BulkFile,
  head: string,
  rows: readonly Row[],
): Promise<void> {
  const body = head + rows.map(({ text }) => `${text}\n`).join('');
  const answers = await api.lines('/mailboxes/bulk', body, types[form]);
  const last = answers.at(-1);
  const before = head === '' ? 1 : 2;
  for (const answer of answers) {
    const row = rows[Number(answer.line) - before];
    if (row !== undefined) report.take({ lineNumber: row.lineNumber, ...resultOf(answer) });
  }
  if (last?.done === true) return;
  throw new StartError(textOf(last?.detail, 'the answer broke off'));
}

function resultOf({ outcome, detail }: Fields): Omit<BulkResult, 'lineNumber'> {
  const isStored = outcome === 'created' || outcome === 'exists';
  return { outcome: isStored ? outcome : 'refused', detail: textOf(detail, 'refused') };
}
