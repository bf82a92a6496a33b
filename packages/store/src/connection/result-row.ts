/**
 * Reads what describes the columns of a result, and its rows, where they lie in a read.
 *
 * Rules: PostgreSQL documentation, "Message Formats", RowDescription and DataRow.
 *
 * Never: a view of the read in a row: what is no text is copied, or lent (lent-memory.ts).
 */

import type { Field } from '../field.ts';
import { lentMemory } from './lent-memory.ts';

/** The types of the columns, by their OIDs. */
export type Columns = readonly number[];

export interface RowForm {
  /** Else all is text. */
  readonly binary: boolean;
  /** Whether values of type bytea are lent. */
  readonly lent: boolean;
}

const byteaOid = 17;
/** Of a column, behind its name: table, attribute, type, size, modifier, format. */
const describedOctets = 4 + 2 + 4 + 2 + 4 + 2;
const typeAt = 6;

/** Of the body of a RowDescription. */
export function readColumns(bytes: Buffer, from: number): Columns {
  const columns = new Array<number>(bytes.readInt16BE(from));
  let at = from + 2;
  for (let column = 0; column < columns.length; column += 1) {
    const nameEnd = bytes.indexOf(0, at) + 1;
    columns[column] = bytes.readUInt32BE(nameEnd + typeAt);
    at = nameEnd + describedOctets;
  }
  return columns;
}

/** Of the body of a DataRow. */
export function readRow(
  bytes: Buffer,
  from: number,
  { form, columns }: { readonly form: RowForm; readonly columns: Columns },
): Field[] {
  const fields = new Array<Field>(bytes.readInt16BE(from));
  let at = from + 2;
  for (let column = 0; column < fields.length; column += 1) {
    const octets = bytes.readInt32BE(at);
    at += 4;
    if (octets < 0) {
      fields[column] = null;
      continue;
    }
    const end = at + octets;
    fields[column] = form.binary
      ? binaryField(bytes.subarray(at, end), form.lent && columns[column] === byteaOid)
      : bytes.toString('utf8', at, end);
    at = end;
  }
  return fields;
}

function binaryField(view: Buffer, isLent: boolean): Buffer {
  return isLent ? lentMemory.lend(view) : Buffer.from(view);
}
