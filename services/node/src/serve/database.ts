/**
 * The database of a node: the embedded server or the one that DATABASE_URL names, reachable and with
 * the schema this program knows.
 *
 * Never: a password in a message.
 */

import {
  type Config,
  type EmbeddedPostgres,
  hidePassword,
  type Log,
  StartError,
  startEmbeddedPostgres,
} from '@poplar/runtime';
import { migrate, StoreError } from '@poplar/store';
import { databaseProblem } from '../database-problem.ts';
import { spareConnections } from './limits.ts';

export interface Database {
  readonly url: string;
  readonly isEmbedded: boolean;
  stop(): Promise<void>;
}

/** Throws StartError. */
export async function openDatabase(config: Config, log: Log): Promise<Database> {
  const { url } = config.database;
  const database =
    url === null
      ? await startEmbedded(config, log)
      : { url, isEmbedded: false, stop: async () => {} };
  try {
    await migrate(database.url);
    return database;
  } catch (error) {
    await database.stop();
    if (!(error instanceof StoreError)) throw error;
    throw new StartError(`database ${hidePassword(database.url)}: ${databaseProblem(error)}`);
  }
}

async function startEmbedded(config: Config, log: Log): Promise<Database> {
  const { workers, limits } = config;
  const postgres: EmbeddedPostgres = await startEmbeddedPostgres({
    dataDir: config.dataDir,
    // The pop3 workers, the maildrop worker and the main thread.
    connectionsMax: (workers + 2) * limits.databaseConnectionsMax + spareConnections,
    log,
  });
  return { url: postgres.url, isEmbedded: true, stop: () => postgres.stop() };
}
