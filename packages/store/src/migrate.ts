/**
 * Brings a database to the schema this program knows: numbered files, each in a transaction of its
 * own, recorded with its checksum. A node that comes second waits for the first and finds nothing
 * left to do.
 *
 * Two releases that follow each other run side by side on one schema: a release adds what the next one
 * will use (expand), and takes away only what the release before it does not use any more (contract).
 * So a file says in its first line for which programs the schema still works:
 *
 *   -- Serves programs since 0007.
 *
 * that is, those that know migration 0007 or a later one. A program that finds a file it does not know
 * works with the database if the file serves it, and refuses otherwise.
 *
 * Never: a file applied twice, or a changed one passed over; work on a database that has moved on
 * beyond this program.
 */

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';
import { connectToFirst } from './connection/first-server.ts';
import { ServerList } from './connection/server-list.ts';
import { suits, unsuitable } from './connection/server-state.ts';
import { StoreError, translateError } from './errors.ts';

export interface Migration {
  /** `0001-directory.sql`: ordered by name, never renamed. */
  readonly name: string;
  readonly text: string;
  /** SHA-256 of the text, in hex. */
  readonly checksum: string;
}

interface Recorded {
  readonly name: string;
  readonly checksum: string;
  /** The number of the oldest last migration of programs that it serves; null: only of its own. */
  readonly serves_since: string | null;
}

const servesLine = /^-- Serves programs since ([0-9]{4})\.\n/;

export interface MigrateResult {
  /** Names of the files applied by this call. */
  readonly applied: readonly string[];
}

const directory = new URL('../migrations/', import.meta.url);

/** Any number, as long as nobody else locks it in this database. */
const advisoryLock = '7308332190846';

const askState = `select pg_is_in_recovery() as recovers,
  current_setting('transaction_read_only') = 'on' as refuses`;
const nothingSaid = { recovers: true, refuses: true };

export async function readMigrations(from: URL = directory): Promise<Migration[]> {
  const names = (await readdir(from)).filter((name) => /^[0-9]{4}-[a-z0-9-]+\.sql$/.test(name));
  return Promise.all(
    names.sort().map(async (name) => {
      const text = await readFile(new URL(name, from), 'utf8');
      return { name, text, checksum: createHash('sha256').update(text).digest('hex') };
    }),
  );
}

/**
 * Rejects with a StoreError: STORE_UNAVAILABLE, STORE_REFUSED, or STORE_INCOMPATIBLE when the
 * database has moved on beyond this program or a recorded file was changed.
 */
export async function migrate(
  databaseUrl: string,
  migrations?: Migration[],
): Promise<MigrateResult> {
  const known = migrations ?? (await readMigrations());
  const client = await connect(databaseUrl);
  try {
    await client.query(`select pg_advisory_lock(${advisoryLock})`);
    return { applied: await applyMissing(client, known) };
  } catch (error) {
    throw translateError(error).error;
  } finally {
    // The lock ends with the connection.
    await client.end().catch(() => undefined);
  }
}

/** To the server of the URL that the store would use. Rejects with a StoreError. */
function connect(databaseUrl: string): Promise<pg.Client> {
  const list = new ServerList(databaseUrl);
  return connectToFirst(list, async (server, wanted) => {
    const client = new pg.Client({
      connectionString: server.url,
      application_name: 'poplar migrate',
      connectionTimeoutMillis: list.parsed.connectTimeoutMs,
    });
    // Its failure is the failure of the query that is running.
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<{ recovers: boolean; refuses: boolean }>(askState);
      const [{ recovers: isInRecovery, refuses: isReadOnly } = nothingSaid] = rows;
      if (!suits(wanted, { isInRecovery, isReadOnly })) throw unsuitable(wanted);
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  });
}

async function applyMissing(client: pg.Client, known: readonly Migration[]): Promise<string[]> {
  await client.query(`
    create table if not exists schema_migration (
      name text collate "C" primary key,
      checksum text not null,
      applied_at timestamptz not null default now())`);
  // Its own statement, because the table is older than the column.
  await client.query(`
    alter table schema_migration add column if not exists serves_since text collate "C"`);
  const { rows } = await client.query<Recorded>(
    'select name, checksum, serves_since from schema_migration order by name',
  );
  const recorded = new Map(rows.map((row) => [row.name, row.checksum]));
  refuseUnserved(rows, known);
  const applied: string[] = [];
  for (const migration of known) {
    const checksum = recorded.get(migration.name);
    if (checksum === migration.checksum) continue;
    if (checksum !== undefined) {
      throw new StoreError('STORE_INCOMPATIBLE', `migration ${migration.name} was changed`);
    }
    await apply(client, migration);
    applied.push(migration.name);
  }
  return applied;
}

/** Throws STORE_INCOMPATIBLE for the first file that is not known and does not serve this program. */
function refuseUnserved(recorded: readonly Recorded[], known: readonly Migration[]): void {
  const ours = known.at(-1)?.name ?? '';
  for (const { name, serves_since: servesSince } of recorded) {
    if (known.some((migration) => migration.name === name)) continue;
    // By number: 0008 serves whoever knows 0007-anything.
    if (servesSince !== null && servesSince <= ours.slice(0, 4)) continue;
    throw new StoreError('STORE_INCOMPATIBLE', `the database is newer: it has migration ${name}`);
  }
}

async function apply(client: pg.Client, { name, text, checksum }: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query(text);
    const servesSince = servesLine.exec(text)?.[1] ?? null;
    await client.query(
      'insert into schema_migration (name, checksum, serves_since) values ($1, $2, $3)',
      [name, checksum, servesSince],
    );
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    const { error: translated } = translateError(error);
    throw new StoreError(
      translated.code,
      `migration ${name} failed`,
      translated.cause ?? translated,
    );
  }
}
