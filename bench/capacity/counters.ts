/**
 * What PostgreSQL counts while a load runs: octets of WAL, full pages in it, rows of the owner table that
 * were written, its connections by who has them.
 *
 * Never: a statement that changes anything.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { TemporaryDatabase } from '@poplar/store/testing';

export interface Counted {
  readonly atMs: number;
  readonly wal: number;
  readonly fullPages: number;
  readonly ownerWrites: number;
}

/** Backends tell of their counts a second after they were last asked for anything. */
const toldAfterMs = 1_500;

export async function counted(database: TemporaryDatabase): Promise<Counted> {
  const [row] = await database.query(`
    select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as wal,
           (select wal_fpi from pg_stat_wal)::float8 as pages,
           (select n_tup_upd from pg_stat_user_tables where relname = 'owner')::float8 as owners`);
  return {
    atMs: performance.now(),
    wal: Number(row?.wal),
    fullPages: Number(row?.pages),
    ownerWrites: Number(row?.owners),
  };
}

/** When what was done before is in the counts. */
export async function toldCounts(database: TemporaryDatabase): Promise<Counted> {
  await sleep(toldAfterMs);
  return counted(database);
}

/** Backends of nodes, by the beginning of what they call themselves. */
export async function connectionsBy(database: TemporaryDatabase): Promise<Record<string, number>> {
  const rows = await database.query(`
    select substring(application_name from '^poplar( [a-z0-9]+)?') as who, count(*)::int as count
    from pg_stat_activity
    where application_name like 'poplar%' and application_name <> 'poplar bench'
    group by 1 order by 1`);
  return Object.fromEntries(rows.map(({ who, count }) => [String(who), Number(count)]));
}

/** Process ids of the backends that nodes have. */
export async function backends(database: TemporaryDatabase): Promise<number[]> {
  const rows = await database.query(`
    select pid from pg_stat_activity
    where application_name like 'poplar%' and application_name <> 'poplar bench'`);
  return rows.map(({ pid }) => Number(pid));
}

/** Rows of the lock table in one of its pages. */
export async function locksOfPage(database: TemporaryDatabase): Promise<number> {
  const [row] = await database.query(`
    select (select count(*) from maildrop_lock)
           / (pg_relation_size('maildrop_lock') / 8192.0)::float8 as rows`);
  return Number(row?.rows);
}
