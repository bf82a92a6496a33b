/**
 * A node of ours with a PostgreSQL of its own, durable as in production, for one machine.
 *
 * Never: a setting that a site would not use.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { startServer, type TemporaryDatabase, temporaryDatabase } from '@poplar/store/testing';
import { type RunningNode, startNode } from '@poplar/test/start-node';
import { PoplarCorpus } from './poplar-corpus.ts';
import type { BenchServer } from './server.ts';

/** As the embedded server is set up, but with more memory, as a server for many nodes would have. */
const postgresSettings = [
  'fsync=on',
  'full_page_writes=on',
  'shared_buffers=1GB',
  'max_wal_size=4GB',
  'wal_compression=pglz',
  'random_page_cost=1.1',
  'max_connections=200',
];

/** Work behind the replies (the purge) is waited for this long. */
const settleMs = 60_000;
const settlePollMs = 250;

/** More than any workload has. */
const connectionsMax = 24_000;

export interface PoplarOptions {
  readonly workers?: number;
  /** V8 CPU profiles of every thread go here. */
  readonly profile?: string;
}

export interface PoplarServer extends BenchServer {
  readonly node: RunningNode;
  readonly database: TemporaryDatabase;
}

export async function startPoplar(options: PoplarOptions = {}): Promise<PoplarServer> {
  const postgres = await startServer({ settings: postgresSettings });
  let corpus: PoplarCorpus | null = null;
  try {
    const database = await temporaryDatabase(postgres);
    const { url: databaseUrl } = database;
    const { workers = 2, profile } = options;
    const node = await startNode({
      databaseUrl,
      workers,
      environment: {
        POPLAR_LOG_LEVEL: 'warn',
        POPLAR_CONNECTIONS_MAX: String(connectionsMax),
        POPLAR_CONNECTIONS_PER_ADDRESS_MAX: String(connectionsMax),
        ...(profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` }),
      },
    });
    const mail = new PoplarCorpus(databaseUrl);
    corpus = mail;
    const version = await firstValue(database, 'show server_version');
    return {
      name: 'poplar',
      description:
        `Poplar, Node ${process.version}, ${workers} workers, PostgreSQL ${version} ` +
        `(${postgresSettings.slice(0, 4).join(', ')})`,
      ports: node,
      sessionsMax: connectionsMax,
      secret: mail.secret,
      node,
      database,
      parts: () => ({ node: node.pid, postgres: postgres.pid() }),
      fill: async (filled) => {
        await mail.fill(filled);
        // Neither the first checkpoint of all that mail nor its first vacuum belongs to a run.
        await database.query('vacuum (analyze, truncate false)');
        await database.query('checkpoint');
      },
      settle: () => settle(database),
      lastWords: () => node.log().slice(-2_000),
      stop: async () => {
        await mail.end();
        await node.stop();
        await database.drop();
        await postgres.stop();
      },
    };
  } catch (error) {
    await corpus?.end();
    await postgres.stop();
    throw error;
  }
}

/** The first column of the first row. */
async function firstValue(database: TemporaryDatabase, text: string): Promise<string> {
  const [row] = await database.query(text);
  return String(Object.values(row ?? {})[0] ?? '');
}

/** Until every QUIT's messages are purged. */
async function settle(database: TemporaryDatabase): Promise<void> {
  const due = 'select count(*) from quit_receipt where purged_at is null';
  const untilMs = performance.now() + settleMs;
  while (Number(await firstValue(database, due)) > 0) {
    if (performance.now() > untilMs)
      throw new Error(`messages are not purged after ${settleMs} ms`);
    await sleep(settlePollMs);
  }
}
