/**
 * Runs statements on one connection, behind each other without waiting: what is asked within a turn of the
 * event loop goes out in one write, and the server answers in the order of asking. The driver logs in; from
 * then on this speaks, because its queue makes a dozen objects and as many writes for each statement.
 *
 * A run is sent -> answered (rows, then its end) or refused; a refusal ends it at once and the rest of
 * its answer is passed over. Each has a Sync of its own, so it is a transaction of its own unless one was
 * begun, and one that is refused takes no other along. A statement is parsed at its first run and
 * described until its columns are known; it stays prepared as long as the connection lasts.
 *
 * Never: an answer given to another run; a run that hears nothing when the connection is lost.
 *
 * Rules: PostgreSQL documentation, "Message Flow", extended query and pipelining.
 */

import type { Field } from '../field.ts';
import type { Parameter } from '../parameter.ts';
import { queryMessage, statementRequest } from './request-message.ts';
import { type Columns, type RowForm, readColumns, readRow } from './result-row.ts';

export interface StatementRun extends RowForm {
  /** Under which it is prepared; the empty one is prepared anew each time. */
  readonly name: string;
  readonly text: string;
  readonly values: readonly Parameter[];
}

interface Prepared {
  isParsed: boolean;
  columns: Columns | null;
}

interface Run {
  readonly name: string;
  readonly prepared: Prepared;
  readonly form: RowForm;
  readonly rows: Field[][];
  readonly resolve: (rows: Field[][]) => void;
  readonly reject: (error: unknown) => void;
  isRefused: boolean;
}

const textForm: RowForm = { binary: false, lent: false };
const headerOctets = 5;

const parseComplete = 0x31;
const bindComplete = 0x32;
const commandComplete = 0x43;
const dataRow = 0x44;
const copyOutResponse = 0x48;
const emptyQueryResponse = 0x49;
const rowDescription = 0x54;
const readyForQuery = 0x5a;
const copyDone = 0x63;
const noData = 0x6e;

export class StatementPipeline {
  readonly #write: (chunks: readonly Uint8Array[]) => void;
  readonly #prepared = new Map<string, Prepared>();
  readonly #runs: Run[] = [];
  #unsent: Uint8Array[] = [];

  /** `write` is told what to write at once. */
  constructor(write: (chunks: readonly Uint8Array[]) => void) {
    this.#write = write;
  }

  /** Runs that were sent and are not over. */
  get outstanding(): number {
    return this.#runs.length;
  }

  /** Rejects with the server's error, or with that of the connection. */
  run({ name, text, values, binary, lent }: StatementRun): Promise<Field[][]> {
    const known = name === '' ? undefined : this.#prepared.get(name);
    const prepared = known ?? { isParsed: false, columns: null };
    const request = statementRequest({
      ...{ name, values, binary },
      text: known === undefined ? text : null,
      describe: prepared.columns === null,
    });
    if (known === undefined) this.#prepared.set(name, prepared);
    return this.#sent(request, { name, prepared, form: { binary, lent } });
  }

  /** Of the simple protocol. */
  async execute(text: string): Promise<void> {
    const prepared = { isParsed: true, columns: null };
    await this.#sent([queryMessage(text)], { name: '', prepared, form: textForm });
  }

  /** Whether it was for a run; `at` is where the message begins. */
  hear(bytes: Buffer, at: number): boolean {
    const run = this.#runs[0];
    if (run === undefined) return false;
    switch (bytes[at]) {
      case dataRow: {
        const { form, prepared, rows } = run;
        const columns = prepared.columns ?? [];
        if (!run.isRefused) rows.push(readRow(bytes, at + headerOctets, { form, columns }));
        return true;
      }
      case readyForQuery:
        this.#runs.shift();
        if (!run.isRefused) run.resolve(run.rows);
        return true;
      case parseComplete:
        run.prepared.isParsed = true;
        return true;
      case rowDescription:
        run.prepared.columns = readColumns(bytes, at + headerOctets);
        return true;
      case noData:
        run.prepared.columns = [];
        return true;
      case bindComplete:
      case commandComplete:
      case copyOutResponse:
      case copyDone:
      case emptyQueryResponse:
        return true;
      default:
        return false;
    }
  }

  /** The server refuses what it is doing. Whether it was doing anything. */
  refuse(error: unknown): boolean {
    const run = this.#runs[0];
    if (run === undefined) return false;
    // Of this run's Parse, not of a later one under the same name.
    const isItsOwn = this.#prepared.get(run.name) === run.prepared;
    if (!run.prepared.isParsed && isItsOwn) this.#prepared.delete(run.name);
    if (!run.isRefused) run.reject(error);
    run.isRefused = true;
    return true;
  }

  /** Writes what was asked and is not written yet. */
  flush(): void {
    if (this.#unsent.length === 0) return;
    const chunks = this.#unsent;
    this.#unsent = [];
    this.#write(chunks);
  }

  /** Nothing more will be heard. */
  fail(error: unknown): void {
    this.#unsent = [];
    for (const run of this.#runs.splice(0)) if (!run.isRefused) run.reject(error);
  }

  #sent(
    request: readonly Uint8Array[],
    what: Pick<Run, 'name' | 'prepared' | 'form'>,
  ): Promise<Field[][]> {
    const { promise, resolve, reject } = Promise.withResolvers<Field[][]>();
    this.#runs.push({ ...what, rows: [], resolve, reject, isRefused: false });
    // When promises that are settled in this turn have asked, too.
    if (this.#unsent.length === 0) queueMicrotask(() => process.nextTick(() => this.flush()));
    this.#unsent.push(...request);
    return promise;
  }
}
