/**
 * What the commands print: JSON for programs, tables for people.
 *
 * Never: a control character of stored or foreign text on somebody's terminal; a secret.
 */

import { exitCode } from '@poplar/runtime';

/** One column of a table and how a row fills it. */
interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  /** Numbers stand right. */
  readonly right?: true;
  /** Characters it has at least, for pages whose rows are not known yet. */
  readonly widthMin?: number;
}

const numbers = new Intl.NumberFormat('en');

/** `1,234`. */
export function printedCount(count: number): string {
  return numbers.format(count);
}

/** `1 message`, `2 messages`. */
export function printedMessages(count: number): string {
  return `${printedCount(count)} ${count === 1 ? 'message' : 'messages'}`;
}

/** `999 B`, `1.2 kB`, `3.4 GB`: powers of ten. */
export function printedOctets(octets: number): string {
  const units = ['kB', 'MB', 'GB', 'TB'];
  if (octets < 1000) return `${octets} B`;
  let value = octets;
  let unit = '';
  for (const next of units) {
    value /= 1000;
    unit = next;
    if (value < 999.95) break;
  }
  return `${value.toFixed(1)} ${unit}`;
}

/** `none`, `90 s`, `5 min`, `12 h`, `7 d`: the largest unit that it is whole in. */
export function printedDuration(seconds: number): string {
  if (seconds === 0) return 'none';
  for (const [unit, of] of [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
  ] as const) {
    if (seconds % of === 0) return `${printedCount(seconds / of)} ${unit}`;
  }
  return `${printedCount(seconds)} s`;
}

/** UTC to the second, as `2026-11-24 03:08:00Z`. */
export function printedDate(date: Date): string {
  return date.toISOString().replace('T', ' ').replace(/\.\d+/, '');
}

/** The same of a time in an answer of the REST API. */
export function printedTime(time: unknown, otherwise: string): string {
  return typeof time === 'string' ? printedDate(new Date(time)) : otherwise;
}

/** Text that others chose, such as a file name, without what would steer a terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '?');
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Name and value, one below the other. */
export function printFields(fields: readonly (readonly [name: string, value: string])[]): void {
  const width = Math.max(...fields.map(([name]) => name.length));
  for (const [name, value] of fields) printLine(`${name.padEnd(width)}  ${printable(value)}`);
}

/** Rows that are all there. */
export async function* onePage<Row>(rows: readonly Row[]): AsyncGenerator<readonly Row[]> {
  yield rows;
}

export interface RowsToPrint<Row> {
  readonly pages: AsyncIterable<readonly Row[]>;
  readonly columns: readonly Column<Row>[];
  /** What a row is in JSON. */
  readonly json: (row: Row) => unknown;
  readonly asJson: boolean;
  /** What people read when there is no row. */
  readonly none: string;
}

/** Prints rows page by page as they arrive: a JSON array, or a table with one heading. */
export async function printRows<Row>(options: RowsToPrint<Row>): Promise<void> {
  // `poplar mailbox list | head` ends when its reader does.
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCode.ok);
    throw error;
  });
  let count = 0;
  for await (const rows of options.pages) {
    if (options.asJson) {
      for (const row of rows) {
        printPart(count === 0 ? '[\n  ' : ',\n  ', JSON.stringify(options.json(row)));
        count += 1;
      }
    } else if (rows.length > 0) {
      printTable(options.columns, rows, count === 0);
      count += rows.length;
    }
  }
  if (options.asJson) printLine(count === 0 ? '[]' : '\n]');
  else if (count === 0) printLine(options.none);
}

function printPart(separator: string, part: string): void {
  process.stdout.write(separator + part);
}

function printTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], heading: boolean) {
  const cells = rows.map((row) => columns.map((column) => printable(column.text(row))));
  const widths = columns.map(({ title, widthMin = 0 }, at) =>
    Math.max(title.length, widthMin, ...cells.map((row) => row[at]?.length ?? 0)),
  );
  const print = (row: readonly string[]) =>
    printLine(
      columns
        .map(({ right }, at) => {
          const [cell = '', width = 0] = [row[at], widths[at]];
          return right === true ? cell.padStart(width) : cell.padEnd(width);
        })
        .join('  ')
        .trimEnd(),
    );
  if (heading) print(columns.map(({ title }) => title));
  for (const row of cells) print(row);
}
