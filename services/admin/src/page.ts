/**
 * Listings a page at a time: `limit` and `cursor` of a request, `items` and `next` of its answer. A
 * cursor is the key of the last row in base64url; it is good as long as anyone keeps it.
 */

import { type TSchema, Type } from 'typebox';
import { cursorCharactersMax, defaultPageRows, pageRowsMax } from './limits.ts';
import { Problem } from './problem.ts';

export const pageQuery = {
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: pageRowsMax,
      description: `rows wanted at most; ${defaultPageRows} without it`,
      examples: [50],
    }),
  ),
  cursor: Type.Optional(
    Type.String({
      maxLength: cursorCharactersMax,
      description: '`next` of the page before',
    }),
  ),
};

export interface PageQuery {
  readonly limit?: number;
  readonly cursor?: string;
}

export function pageSchema<Item extends TSchema>(item: Item) {
  return Type.Object({
    items: Type.Array(item),
    next: Type.Union([Type.String(), Type.Null()], {
      description: '`cursor` of the next page; null on the last one',
    }),
  });
}

export interface PageRequest {
  /** Rows to be shown; one more is asked for, which tells whether there is a next page. */
  readonly shown: number;
  readonly limit: number;
  readonly after: string | null;
}

/** @param form what a key looks like: another one was not made here */
export function pageRequest(
  { limit = defaultPageRows, cursor }: PageQuery,
  form: RegExp,
): PageRequest {
  const after = cursor === undefined ? null : Buffer.from(cursor, 'base64url').toString('utf8');
  // base64url is read leniently: what was given out is what comes out again.
  if (after !== null && (!form.test(after) || cursorOf(after) !== cursor)) {
    const detail = 'is none that was given out';
    const errors = [{ pointer: '/querystring/cursor', detail }];
    throw new Problem(400, 'not a cursor', { errors, code: 'unknown-cursor' });
  }
  return { shown: limit, limit: limit + 1, after };
}

export function pageOf<Row, Item>(
  rows: readonly Row[],
  { shown }: PageRequest,
  show: { readonly key: (row: Row) => string; readonly item: (row: Row) => Item },
): { items: Item[]; next: string | null } {
  const kept = rows.slice(0, shown);
  const last = kept.at(-1);
  const hasMore = rows.length > shown && last !== undefined;
  return {
    items: kept.map((row) => show.item(row)),
    next: hasMore ? cursorOf(show.key(last)) : null,
  };
}

function cursorOf(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url');
}

/** Keys, as far as their form goes: what is stored is canonical, and no name is looked up to read a cursor. */
export const addressKey = /^[^\p{Cc}\s]{1,255}@[\p{L}\p{M}\p{N}._-]{1,255}$/u;
export const domainKey = /^[\p{L}\p{M}\p{N}._-]{1,255}$/u;
export const idKey = /^[1-9]\d{0,17}$/;
