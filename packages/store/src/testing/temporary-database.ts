/**
 * A migrated database for one test file, cloned from a template that is made once for each server
 * and state of the migrations. Servers are shared by the databases of a process and stopped with
 * the last of them.
 */

import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrate, readMigrations } from '../migrate.ts';
import { type TemporaryServer, temporaryServer } from './temporary-server.ts';

export interface TemporaryDatabase {
  readonly url: string;
  /** Runs one statement as superuser; rows as objects. */
  query(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** A connection of one's own, for stepping through transactions. Ended by `drop`. */
  client(): Promise<pg.Client>;
  drop(): Promise<void>;
}

let server: Promise<TemporaryServer> | null = null;
let databases = 0;

function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl, 'postgresql://');
  url.pathname = `/${database}`;
  return url.href;
}

async function onServer<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function templateOf(serverUrl: string): Promise<string> {
  const migrations = await readMigrations();
  const digest = createHash('sha256')
    .update(migrations.map((m) => m.checksum).join())
    .digest('hex');
  const name = `poplar_template_${digest.slice(0, 12)}`;
  await onServer(serverUrl, async (client) => {
    // Test files run in processes of their own and may come here at the same time.
    await client.query('select pg_advisory_lock(7308332190847)');
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount === 1) return;
    const draft = `${name}_draft`;
    await client.query(`drop database if exists ${draft}`);
    await client.query(`create database ${draft} template template0`);
    await migrate(urlOf(serverUrl, draft));
    await client.query(`alter database ${draft} rename to ${name}`);
  });
  return name;
}

async function startedServer(): Promise<TemporaryServer> {
  databases += 1;
  server ??= temporaryServer();
  return server;
}

async function releaseServer(): Promise<void> {
  databases -= 1;
  if (databases > 0 || server === null) return;
  const stopping = server;
  server = null;
  await (await stopping).stop();
}

/** Call `drop` when the test file is done. `on` names a server of one's own. */
export async function temporaryDatabase(on?: TemporaryServer): Promise<TemporaryDatabase> {
  const { url: serverUrl } = on ?? (await startedServer());
  const name = `poplar_test_${randomBytes(6).toString('hex')}`;
  const template = await templateOf(serverUrl);
  await onServer(serverUrl, (client) =>
    client.query(`create database ${name} template ${template} strategy file_copy`),
  );
  const url = urlOf(serverUrl, name);
  const clients: pg.Client[] = [];
  const client = async () => {
    const made = new pg.Client({ connectionString: url });
    made.on('error', () => undefined);
    await made.connect();
    clients.push(made);
    return made;
  };
  let shared: Promise<pg.Client> | null = null;
  const ask = async (text: string, values: readonly unknown[]) => {
    shared ??= client().then((made) => {
      // A server that is killed and started again is asked on a new connection.
      made.once('end', () => {
        shared = null;
      });
      return made;
    });
    return (await (await shared).query<Record<string, unknown>>(text, [...values])).rows;
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    url,
    client,
    // One after another, however many ask at once.
    query: (text, values = []) => {
      const answer = last.then(() => ask(text, values));
      last = answer.catch(() => undefined);
      return answer;
    },
    drop: async () => {
      await Promise.all(clients.map((made) => made.end().catch(() => undefined)));
      await onServer(serverUrl, (c) => c.query(`drop database ${name} with (force)`)).catch(
        () => undefined,
      );
      if (on === undefined) await releaseServer();
    },
  };
}
