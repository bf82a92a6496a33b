/**
 * Brings a database to the schema this program knows: numbered files, each in a transaction of its
 * own, recorded with its checksum. A node that comes second waits for the first and finds nothing
 * left to do.
 *
 * Never: a file applied twice, or a changed one passed over; work on a database that is newer than
 * this program.
 */

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';
import { StoreError, translateError } from './errors.ts';
import { connectTimeoutMs } from './limits.ts';

export interface Migration {
  /** `0001-directory.sql`: ordered by name, never renamed. */
  readonly name: string;
  readonly text: string;
  /** SHA-256 of the text, in hex. */
  readonly checksum: string;
}

export interface MigrateResult {
  /** Names of the files applied by this call. */
  readonly applied: readonly string[];
}

const directory = new URL('../migrations/', import.meta.url);

/** Any number, as long as nobody else locks it in this database. */
const advisoryLock = '7308332190846';

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
 * database is newer than this program or a recorded file was changed.
 */
export async function migrate(
  databaseUrl: string,
  migrations?: Migration[],
): Promise<MigrateResult> {
  const known = migrations ?? (await readMigrations());
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'poplar migrate',
    connectionTimeoutMillis: connectTimeoutMs,
  });
  // Its failure is the failure of the query that is running.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(`select pg_advisory_lock(${advisoryLock})`);
    return { applied: await applyMissing(client, known) };
  } catch (error) {
    throw translateError(error).error;
  } finally {
    // The lock ends with the connection.
    await client.end().catch(() => undefined);
  }
}

async function applyMissing(client: pg.Client, known: readonly Migration[]): Promise<string[]> {
  await client.query(`
    create table if not exists schema_migration (
      name text collate "C" primary key,
      checksum text not null,
      applied_at timestamptz not null default now())`);
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'select name, checksum from schema_migration order by name',
  );
  const recorded = new Map(rows.map((row) => [row.name, row.checksum]));
  for (const name of recorded.keys()) {
    if (!known.some((migration) => migration.name === name)) {
      throw new StoreError('STORE_INCOMPATIBLE', `the database is newer: it has migration ${name}`);
    }
  }
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

async function apply(client: pg.Client, { name, text, checksum }: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query(text);
    await client.query('insert into schema_migration (name, checksum) values ($1, $2)', [
      name,
      checksum,
    ]);
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
