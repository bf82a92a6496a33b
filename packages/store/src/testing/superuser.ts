/**
 * Statements for one server as its superuser, on a connection of their own: settings, and a look at
 * what it holds, for tests of what happens between servers.
 *
 * Never: an error that nobody asked for, when its server is killed.
 */

import pg from 'pg';

export interface Superuser {
  /** Rows as objects. */
  query(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Changes a setting of the whole server, for its sessions too; an empty one is the default. */
  set(setting: string, value: string): Promise<void>;
  end(): Promise<void>;
}

export function superuserOf(url: string): Superuser {
  let made: Promise<pg.Client> | null = null;
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    // What is set for everybody else must not keep these statements from being done.
    await client.query('set default_transaction_read_only = off');
    await client.query('set synchronous_commit = local');
    return client;
  };
  const query: Superuser['query'] = async (text, values = []) => {
    made ??= connect();
    return (await (await made).query<Record<string, unknown>>(text, [...values])).rows;
  };
  return {
    query,
    set: async (setting, value) => {
      if (!/^[a-z_]+$/.test(setting) || value.includes("'")) throw new Error('not a setting');
      const change = value === '' ? `reset ${setting}` : `set ${setting} = '${value}'`;
      await query(`alter system ${change}`);
      await query('select pg_reload_conf()');
    },
    end: async () => {
      await (await made?.catch(() => null))?.end().catch(() => undefined);
    },
  };
}
