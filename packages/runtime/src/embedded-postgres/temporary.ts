/**
 * A PostgreSQL for one test run: in a temporary directory, without fsync, removed afterwards.
 *
 * Never: a directory that somebody chose; data that anybody needs tomorrow.
 */

import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../log/log.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';

export interface TemporaryPostgresOptions {
  /** 100 by default. */
  readonly connectionsMax?: number;
}

/** Throws StartError. `stop` also removes all files. */
export async function startTemporaryPostgres(
  options: TemporaryPostgresOptions = {},
): Promise<EmbeddedPostgres> {
  const dataDir = await mkdtemp(join(os.tmpdir(), 'poplar-pg-'));
  // The server may run as another user, who must get through to the cluster (itself 0700).
  await chmod(dataDir, 0o711);
  const remove = (): Promise<void> => rm(dataDir, { recursive: true, force: true });
  try {
    const postgres = await startEmbeddedPostgres({
      dataDir,
      connectionsMax: options.connectionsMax ?? 100,
      log: silentLog,
      isDurable: false,
    });
    return {
      ...postgres,
      stop: async () => {
        await postgres.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
