/**
 * Sizes of tables in octets: the rows, the indexes, and what lies in TOAST with its index; partitions of a table
 * together.
 *
 * Never: a statement that changes what it measures.
 */

import type { TemporaryDatabase } from '@poplar/store/testing';

export interface Sizes {
  readonly table: string;
  readonly rows: number;
  readonly indexes: number;
  readonly toast: number;
}

export interface Sample {
  readonly seconds: number;
  /** Of all tables with their indexes and TOAST. */
  readonly octets: number;
  /** Rows that were removed and still take their place, as PostgreSQL counts them. */
  readonly dead: number;
}

export async function sizesOf(database: TemporaryDatabase): Promise<Sizes[]> {
  const rows = await database.query(`
    select regexp_replace(c.relname, '_p\\d+$', '') as name,
           sum(pg_relation_size(c.oid))::float8 as rows,
           sum(pg_indexes_size(c.oid))::float8 as indexes,
           sum(coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0))::float8 as toast
    from pg_class c
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
    group by 1 order by sum(pg_total_relation_size(c.oid)) desc`);
  return rows.map(({ name, rows: heap, indexes, toast }) => ({
    table: String(name),
    rows: Number(heap),
    indexes: Number(indexes),
    toast: Number(toast),
  }));
}

export async function sampleOf(database: TemporaryDatabase, seconds: number): Promise<Sample> {
  const [row] = await database.query(`
    select (select sum(pg_total_relation_size(c.oid)) from pg_class c
            where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace)::float8 as octets,
           (select sum(n_dead_tup) from pg_stat_all_tables where schemaname <> 'pg_catalog')::float8
             as dead`);
  return { seconds, octets: Number(row?.octets), dead: Number(row?.dead) };
}
