/**
 * The PostgreSQL that a node brings along: for trying Poplar, for tests and for one machine. It
 * listens on a unix socket in a closed directory and nowhere else.
 *
 * Theory of operation. Whoever holds the node lock of the data directory runs the server: it makes
 * the cluster if there is none, starts it, starts it again with back-off if it dies, and stops it at
 * the end. A command that finds the lock held uses the server that runs.
 *
 * Never: two servers on one directory; a TCP port; a wait without a bound.
 */

import { chmod, chown, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { socketPathOctetsMax } from '../config/parse-value.ts';
import { noData } from '../data-directory.ts';
import { StartError } from '../lifecycle/fatal.ts';
import {
  postgresLeftoverTimeoutMs,
  postgresRestartDelayMaxMs,
  postgresRestartDelayMinMs,
} from '../limits.ts';
import type { Log } from '../log/log.ts';
import { findBinaries } from './binaries.ts';
import { databaseUser, prepareCluster, socketDirectoryOf } from './cluster-directory.ts';
import { takeNodeLock } from './node-lock.ts';
import { chooseRunAs, type RunAs } from './run-as.ts';
import { ServerProcess } from './server-process.ts';

export interface EmbeddedPostgresOptions {
  /** Of the node; the server takes `postgres` and `run` below it. */
  readonly dataDir: string;
  readonly connectionsMax: number;
  readonly log: Log;
  /** False gives up durability for speed: for tests. */
  readonly isDurable?: boolean;
}

export interface EmbeddedPostgres {
  readonly url: string;
  /** True if the database was made by this start. */
  readonly isNew: boolean;
  /** Resolves when the server has ended, or at once if it belongs to another process. */
  stop(): Promise<void>;
}

/** Starts the server of a node. Throws StartError. */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const lock = await takeNodeLock(join(options.dataDir, 'postgres.lock'));
  if (lock.kind === 'held') {
    throw new StartError(
      `${options.dataDir} is in use by another node (process ${lock.pid ?? 'unknown'}): ` +
        'stop it or choose another POPLAR_DATA_DIR',
    );
  }
  return startLocked(options, lock.release);
}

/**
 * For commands: uses the server of the node that runs, or starts one for as long as it takes. It makes no
 * database: one that a command had made in the wrong place would be empty, and look like an answer. Throws
 * StartError.
 */
export async function useEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const until = performance.now() + postgresLeftoverTimeoutMs;
  while (true) {
    const lock = await takeNodeLock(join(options.dataDir, 'postgres.lock'));
    if (lock.kind === 'taken') {
      if (await hasCluster(options.dataDir)) return startLocked(options, lock.release);
      await lock.release();
      throw new StartError(noData(options.dataDir));
    }
    const socketDirectory = await socketDirectoryOf(join(options.dataDir, 'postgres'));
    if (socketDirectory !== null) {
      return { url: urlOf(socketDirectory), isNew: false, stop: async () => {} };
    }
    if (performance.now() > until) {
      throw new StartError(
        `the node (process ${lock.pid ?? 'unknown'}) does not get its database started`,
      );
    }
    await sleep(100);
  }
}

/** Whole or not there: initdb works under another name. */
async function hasCluster(dataDir: string): Promise<boolean> {
  return (await stat(join(dataDir, 'postgres')).catch(() => null)) !== null;
}

async function startLocked(
  options: EmbeddedPostgresOptions,
  release: () => Promise<void>,
): Promise<EmbeddedPostgres> {
  try {
    const server = new Server(options);
    const isNew = await server.start();
    return {
      url: urlOf(server.socketDirectory),
      isNew,
      stop: async () => {
        await server.stop();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Understood by pg and by libpq alike. */
function urlOf(socketDirectory: string): string {
  return `postgresql://${databaseUser}@/postgres?host=${encodeURIComponent(socketDirectory)}`;
}

class Server {
  socketDirectory = '';
  readonly #options: EmbeddedPostgresOptions;
  readonly #directory: string;
  readonly #binaries = findBinaries();
  readonly #runAs: RunAs;
  readonly #stopping = new AbortController();
  #process: ServerProcess | null = null;
  #kept: Promise<void> = Promise.resolve();
  #isTemporarySocket = false;

  constructor(options: EmbeddedPostgresOptions) {
    this.#options = options;
    this.#directory = join(options.dataDir, 'postgres');
    this.#runAs = chooseRunAs(this.#binaries.postgres, this.#directory);
  }

  /** True if the cluster is new. */
  async start(): Promise<boolean> {
    const isNew = await prepareCluster({
      directory: this.#directory,
      binaries: this.#binaries,
      runAs: this.#runAs,
      isDurable: this.#options.isDurable ?? true,
    });
    this.socketDirectory = await this.#makeSocketDirectory();
    const first = await this.#launch();
    this.#kept = this.#keep(first);
    return isNew;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#process?.stop();
    await this.#kept;
    if (this.#isTemporarySocket) await rm(this.socketDirectory, { recursive: true, force: true });
  }

  /** Tries again while processes of a killed predecessor still hold its shared memory. */
  async #launch(): Promise<ServerProcess> {
    const until = performance.now() + postgresLeftoverTimeoutMs;
    while (true) {
      // Nobody else is here, so what stands in the way is stale, whatever process has its id now.
      for (const name of ['.s.PGSQL.5432', '.s.PGSQL.5432.lock']) {
        await rm(join(this.socketDirectory, name), { force: true });
      }
      const server = new ServerProcess({
        program: this.#binaries.postgres,
        directory: this.#directory,
        socketDirectory: this.socketDirectory,
        runAs: this.#runAs,
        settings: settingsOf(this.#options),
        log: this.#options.log,
      });
      this.#process = server;
      if (await server.becameReady()) return server;
      await server.stop();
      const { lastWords } = server;
      if (!lastWords.includes('still in use') || performance.now() > until) {
        throw new StartError(`the embedded PostgreSQL did not start: ${lastWords}`);
      }
      await sleep(200);
    }
  }

  async #keep(first: ServerProcess): Promise<void> {
    const { signal } = this.#stopping;
    const { log } = this.#options;
    let delayMs = postgresRestartDelayMinMs;
    let server = first;
    while (true) {
      await server.ended;
      if (signal.aborted) return;
      log.error({ reason: server.lastWords }, 'embedded PostgreSQL ended, it will be restarted');
      while (true) {
        await sleep(delayMs, undefined, { signal }).catch(() => {});
        if (signal.aborted) return;
        delayMs = Math.min(delayMs * 2, postgresRestartDelayMaxMs);
        try {
          server = await this.#launch();
          delayMs = postgresRestartDelayMinMs;
          log.info({}, 'embedded PostgreSQL restarted');
          break;
        } catch (error) {
          if (signal.aborted) return;
          log.error({}, 'embedded PostgreSQL could not be restarted yet', error);
        }
      }
    }
  }

  /** Beside the data, or in the system's temporary directory if the path would be too long. */
  async #makeSocketDirectory(): Promise<string> {
    const beside = join(this.#options.dataDir, 'run');
    const octets = Buffer.byteLength(join(beside, '.s.PGSQL.5432'));
    let directory = beside;
    if (octets > socketPathOctetsMax) {
      directory = await mkdtemp(join(os.tmpdir(), 'poplar-'));
      this.#isTemporarySocket = true;
    } else await mkdir(beside, { recursive: true });
    await chmod(directory, 0o700);
    const { owner } = this.#runAs;
    if (owner !== null) await chown(directory, owner.uid, owner.gid);
    return directory;
  }
}

/** For one machine that also does other work. What is not named is PostgreSQL's default. */
function settingsOf(options: EmbeddedPostgresOptions): Record<string, string> {
  const settings = {
    max_connections: String(options.connectionsMax),
    shared_buffers: '256MB',
    max_wal_size: '2GB',
    random_page_cost: '1.1',
    // A client that hangs in a transaction would keep vacuum from its work.
    idle_in_transaction_session_timeout: '60s',
    // Statements may carry message text; they do not belong in a log.
    log_min_error_statement: 'panic',
    log_line_prefix: '',
    log_timezone: 'UTC',
    timezone: 'UTC',
  };
  if (options.isDurable ?? true) return settings;
  return { ...settings, fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
}
