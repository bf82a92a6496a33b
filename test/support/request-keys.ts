/**
 * What tests do to keys of requests and to what a request has to wait for, and what they see of them.
 *
 * Never: a lock that is left when its test is over.
 */

import { superuserOf } from '@poplar/store/testing';
import type { TestDatabase } from './test-database.ts';

export interface KeyRow {
  readonly state: string;
  readonly status: number | null;
  readonly answer: string | null;
}

/** All of them, the one that was claimed last at the end. */
export async function requestKeys(database: TestDatabase): Promise<KeyRow[]> {
  const rows = await database.query(
    'select state, status, answer from request_key order by expires_at',
  );
  return rows.map(({ state, status, answer }) => ({
    state: String(state),
    status: status === null ? null : Number(status),
    answer: answer === null ? null : String(answer),
  }));
}

/** As if all claims had been made so long ago that nobody can be at work on them. */
export async function endClaims(database: TestDatabase): Promise<void> {
  await database.query('update request_key set claimed_until = now()');
}

const waiting = `datname = current_database() and application_name like 'poplar admin%' and wait_event_type = 'Lock'`;

/** Statements of the API that wait for a lock. */
export async function waitingOfApi(database: TestDatabase): Promise<number> {
  return (await database.query(`select from pg_stat_activity where ${waiting}`)).length;
}

/** What a client that is gone had begun is not done behind it either. */
export async function endWaitingOfApi(database: TestDatabase): Promise<void> {
  const ended = `pg_terminate_backend(pid, 10000)`;
  await database.query(`select ${ended} from pg_stat_activity where ${waiting}`);
}

export async function domainsNamed(database: TestDatabase, name: string): Promise<number> {
  return (await database.query('select from domain where name = $1', [name])).length;
}

/** Who wants to change the table waits, until what is answered is called; whoever reads it does not. */
export async function blockChanges(
  database: TestDatabase,
  table: 'domain' | 'request_key',
): Promise<() => Promise<void>> {
  const blocker = superuserOf(database.url);
  await blocker.query('begin');
  await blocker.query(`lock table ${table} in exclusive mode`);
  let released: Promise<void> | null = null;
  const release = async (): Promise<void> => {
    await blocker.query('commit');
    await blocker.end();
  };
  return () => {
    released ??= release();
    return released;
  };
}
