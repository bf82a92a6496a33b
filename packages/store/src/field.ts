/**
 * Reads the fields of result rows. Drivers promise shapes, statements know them: each statement
 * says what its columns are, and a value of another kind is corruption, never a guess.
 *
 * Text results arrive as strings, binary results as buffers that belong to the reader.
 */

import type { MailboxId } from './contract.ts';
import { StoreError } from './errors.ts';

export type Field = string | Buffer | null;
export type Row = readonly Field[];

function corrupt(column: number, wanted: string): StoreError {
  return new StoreError('STORE_CORRUPT', `column ${column} of a result is not ${wanted}`);
}

export function textAt(row: Row, column: number): string {
  const field = row[column];
  if (typeof field !== 'string') throw corrupt(column, 'text');
  return field;
}

export function textOrNullAt(row: Row, column: number): string | null {
  return row[column] === null ? null : textAt(row, column);
}

/** A count, size or ordinal: exact up to 2^53, far above what a maildrop can hold. */
export function numberAt(row: Row, column: number): number {
  const value = Number(textAt(row, column));
  if (!Number.isSafeInteger(value)) throw corrupt(column, 'a safe integer');
  return value;
}

export function numberOrNullAt(row: Row, column: number): number | null {
  return row[column] === null ? null : numberAt(row, column);
}

export function bigintAt(row: Row, column: number): bigint {
  return BigInt(textAt(row, column));
}

export function booleanAt(row: Row, column: number): boolean {
  const field = textAt(row, column);
  if (field !== 't' && field !== 'f') throw corrupt(column, 'a boolean');
  return field === 't';
}

export function dateAt(row: Row, column: number): Date {
  const value = Number(textAt(row, column));
  if (!Number.isFinite(value)) throw corrupt(column, 'a time in milliseconds');
  return new Date(value);
}

export function dateOrNullAt(row: Row, column: number): Date | null {
  return row[column] === null ? null : dateAt(row, column);
}

export function bytesAt(row: Row, column: number): Buffer {
  const field = row[column];
  if (!(field instanceof Buffer)) throw corrupt(column, 'bytes');
  return field;
}

export function bytesOrNullAt(row: Row, column: number): Buffer | null {
  return row[column] === null ? null : bytesAt(row, column);
}

/** A bigint column of a binary result. */
export function binaryBigintAt(row: Row, column: number): bigint {
  const field = bytesAt(row, column);
  if (field.length !== 8) throw corrupt(column, 'eight octets');
  return field.readBigInt64BE(0);
}

/** An integer column of a binary result. */
export function binaryIntegerAt(row: Row, column: number): number {
  const field = bytesAt(row, column);
  if (field.length !== 4) throw corrupt(column, 'four octets');
  return field.readInt32BE(0);
}

/** A text column of a binary result. */
export function binaryTextAt(row: Row, column: number): string {
  return bytesAt(row, column).toString('utf8');
}

export function binaryTextOrNullAt(row: Row, column: number): string | null {
  return row[column] === null ? null : binaryTextAt(row, column);
}

/** The one place where a mailbox id gets its brand. */
export function mailboxIdAt(row: Row, column: number): MailboxId {
  return textAt(row, column) as MailboxId;
}
