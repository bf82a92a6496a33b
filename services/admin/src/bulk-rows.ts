/**
 * Rows of a bulk request as they arrive: NDJSON, or CSV whose first line names the fields. A line that
 * cannot be read is a row too, with what is wrong with it.
 *
 * Never: a line longer than its bound in memory; a value of a line in what is wrong with it.
 */

import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { bulkLineCharactersMax, fieldNameCharactersMax } from './limits.ts';
import { Problem } from './problem.ts';
import { strict, wordsOf } from './validation.ts';

const rowSchema = strict({
  address: Type.String({ maxLength: 320 }),
  password: Type.Optional(Type.String({ maxLength: 1024 })),
});
const row = Compile(rowSchema);

const known: ReadonlySet<string> = new Set(['address', 'password']);

export type BulkRow = { readonly line: number } & (
  | { readonly address: string; readonly password: string | undefined }
  | { readonly wrong: string }
);

export type BulkForm = 'ndjson' | 'csv';

/** The rows that each piece of the request completes, together. */
export async function* bulkRows(
  input: AsyncIterable<Uint8Array>,
  form: BulkForm,
): AsyncGenerator<BulkRow[]> {
  const read = form === 'csv' ? csvReader() : readJson;
  for await (const lines of linesOf(input)) {
    const rows = lines
      .filter(({ text }) => text !== '')
      .map(({ line, text }) => {
        if (text === null)
          return { line, wrong: `it has more than ${bulkLineCharactersMax} characters` };
        // What the decoder puts for octets that are no text: nobody could log in with it.
        if (text.includes('\ufffd')) return { line, wrong: 'it is not UTF-8' };
        return read(line, text);
      });
    yield rows.filter((one) => one !== null);
  }
}

interface Line {
  readonly line: number;
  /** Null when it is too long. */
  readonly text: string | null;
}

async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<Line[]> {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  let isTooLong = false;
  let line = 0;
  const finished = (text: string): Line => {
    line += 1;
    const isLong = isTooLong || text.length > bulkLineCharactersMax;
    isTooLong = false;
    return { line, text: isLong ? null : text.replace(/\r$/, '') };
  };
  for await (const piece of input) {
    const parts = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    yield parts.map(finished);
    if (rest.length > bulkLineCharactersMax) {
      rest = '';
      isTooLong = true;
    }
  }
  rest += decoder.decode();
  if (rest !== '' || isTooLong) yield [finished(rest)];
}

function readJson(line: number, text: string): BulkRow {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { line, wrong: 'it is not JSON' };
  }
  return checked(line, value);
}

function checked(line: number, value: unknown): BulkRow {
  if (row.Check(value)) return { line, address: value.address, password: value.password };
  const errors = wordsOf(row.Errors(value));
  const [first] = errors;
  // A name that is misspelt is one too many and one missing: the former tells more.
  if (errors.some(({ keyword }) => keyword === 'additionalProperties')) {
    const [unknown = ''] = Object.keys(Object(value)).filter((name) => !known.has(name));
    return { line, wrong: `unknown field "${unknown.slice(0, fieldNameCharactersMax)}"` };
  }
  return { line, wrong: `${first?.instancePath ?? ''} ${first?.message ?? 'is wrong'}`.trim() };
}

/** RFC 4180, but that a field has no line end in it. */
function csvReader(): (line: number, text: string) => BulkRow | null {
  let names: readonly string[] | null = null;
  return (line, text) => {
    const fields = csvFields(text);
    if (names === null) {
      names = (fields ?? []).map((name) => name.trim().toLowerCase());
      if (!names.includes('address') || names.some((name) => !known.has(name))) {
        throw new Problem(400, 'the first line of CSV must name the fields: address,password');
      }
      return null;
    }
    if (fields === null) {
      const wrong = 'a quote is open or in the wrong place; a field has no line end in it';
      return { line, wrong };
    }
    if (fields.length !== names.length) return { line, wrong: otherCount(fields.length, names) };
    const entries = names.map((name, index) => [name, fields[index]] as const);
    // An empty password is none.
    return checked(line, Object.fromEntries(entries.filter(([, value]) => value !== '')));
  };
}

function otherCount(count: number, names: readonly string[]): string {
  const wrong = `${count} ${count === 1 ? 'field' : 'fields'}, the header names ${names.length}`;
  if (count > names.length) return `${wrong}; a field with a comma in it is quoted`;
  // What is meant most often, and is not guessed: the field that is missing could be the address.
  return names[1] === 'password' ? `${wrong}; an empty password is \`a@b,\`` : wrong;
}

/** Null when a quote is in the wrong place. */
function csvFields(text: string): string[] | null {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/gy;
  while (field.lastIndex <= text.length) {
    const match = field.exec(text);
    if (match === null) return null;
    const [, quoted, plain = '', end] = match;
    fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '') return fields;
  }
  return null;
}
