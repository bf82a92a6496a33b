/**
 * Nodes of ours, one unless told otherwise, with a PostgreSQL of their own, durable as in production.
 *
 * Never: a setting that a site would not use.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { keptMemory } from '@poplar/runtime';
import { startServer, type TemporaryDatabase, temporaryDatabase } from '@poplar/store/testing';
import { type RunningNode, startNode } from '@poplar/test/start-node';
import { evaluateInWorker, inspectable, mainThread } from '@poplar/test/worker-inspector';
import { PoplarCorpus } from './poplar-corpus.ts';
import type { BenchServer } from './server.ts';

/** As the embedded server is set up, but with more memory, as a server for many nodes would have. */
const postgresSettings = [
  'fsync=on',
  'full_page_writes=on',
  'shared_buffers=1GB',
  'max_wal_size=4GB',
  'random_page_cost=1.1',
  'max_connections=200',
];
const settingsShown = 4;

/** Work behind the replies (the purge) is waited for this long. */
const settleMs = 60_000;
const settlePollMs = 250;
const lastWordsOctets = 2_000;

/** More than any workload has. */
const connectionsMax = 24_000;

/** Sessions before login, while others are opened and all are weighed. */
const strangersMs = 600_000;

export interface PoplarOptions {
  /** 1 if it is not said. */
  readonly nodes?: number;
  /** Of each node; 2 if it is not said. */
  readonly workers?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Of PostgreSQL, over those of every bench. */
  readonly postgres?: readonly string[];
  /** V8 CPU profiles of every thread go here. */
  readonly profile?: string;
  /**
   * Its workers can be told to collect their garbage, by the debugger that every Node.js has, and sessions
   * have time to stay before they log in.
   */
  readonly isWeighed?: boolean;
}

export interface PoplarServer extends BenchServer {
  readonly running: readonly RunningNode[];
  readonly database: TemporaryDatabase;
}

export async function startPoplar(options: PoplarOptions = {}): Promise<PoplarServer> {
  const { nodes: count = 1, workers = 2 } = options;
  const postgres = await startServer({
    settings: [...postgresSettings, ...(options.postgres ?? [])],
    environment: keptMemory,
  });
  const running: RunningNode[] = [];
  const stopping: (() => Promise<void>)[] = [() => postgres.stop()];
  const stop = async (): Promise<void> => {
    for (const one of stopping.toReversed()) await one();
  };
  try {
    const database = await temporaryDatabase(postgres);
    stopping.push(() => database.drop());
    for (let number = 0; number < count; number += 1) {
      const node = await startNode(nodeOptions(database.url, workers, options));
      running.push(node);
      stopping.push(() => node.stop());
    }
    const mail = new PoplarCorpus(database.url);
    stopping.push(() => mail.end());
    return {
      name: 'poplar',
      description: await described(database, options),
      nodes: running,
      sessionsMax: connectionsMax,
      secret: mail.secret,
      running,
      database,
      parts: () => ({ node: running.map(({ pid }) => pid), postgres: [postgres.pid()] }),
      fill: async (corpus) => {
        await mail.fill(corpus);
        // Neither the first checkpoint of all that mail nor its first vacuum belongs to a run.
        await database.query('vacuum (analyze, truncate false)');
        await database.query('checkpoint');
      },
      settle: () => settle(database),
      collect: () => (options.isWeighed === true ? collect(running, workers) : Promise.resolve()),
      lastWords: () => running.map((node) => node.log().slice(-lastWordsOctets)).join('\n'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One more node on the database of another server: what is measured of it is its own and PostgreSQL's. */
export async function besidePoplar(
  server: PoplarServer,
  options: PoplarOptions = {},
): Promise<PoplarServer> {
  const { workers = 2 } = options;
  const node = await startNode(nodeOptions(server.database.url, workers, options));
  const { postgres = [] } = server.parts();
  return {
    ...server,
    nodes: [node],
    running: [node],
    parts: () => ({ node: [node.pid], postgres }),
    lastWords: () => node.log().slice(-lastWordsOctets),
    stop: () => node.stop(),
  };
}

function nodeOptions(
  databaseUrl: string,
  workers: number,
  { environment, profile, isWeighed = false }: PoplarOptions,
): Parameters<typeof startNode>[0] {
  return {
    databaseUrl,
    workers,
    environment: {
      POPLAR_LOG_LEVEL: 'warn',
      POPLAR_CONNECTIONS_MAX: String(connectionsMax),
      POPLAR_CONNECTIONS_PER_ADDRESS_MAX: String(connectionsMax),
      ...(isWeighed ? { ...inspectable, POPLAR_LOGIN_TIMEOUT_MS: String(strangersMs) } : {}),
      ...environment,
      ...(profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` }),
    },
  };
}

async function described(
  database: TemporaryDatabase,
  { nodes = 1, workers = 2 }: PoplarOptions,
): Promise<string> {
  const version = await firstValue(database, 'show server_version');
  const shown = postgresSettings.slice(0, settingsShown).join(', ');
  const each = nodes === 1 ? `${workers} workers` : `${nodes} nodes of ${workers} workers`;
  return `Poplar, Node ${process.version}, ${each}, PostgreSQL ${version} (${shown})`;
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
    if (performance.now() > untilMs) {
      throw new Error(`messages are not purged after ${settleMs} ms`);
    }
    await sleep(settlePollMs);
  }
}

const collection = `(() => {
  process.getBuiltinModule('v8').setFlagsFromString('--expose-gc');
  const gc = process.getBuiltinModule('vm').runInNewContext('gc');
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
})()`;

/** In every thread. */
async function collect(nodes: readonly RunningNode[], workers: number): Promise<void> {
  const sessions = Array.from({ length: workers }, (_, worker) => `pop3 ${worker}`);
  for (const node of nodes) {
    for (const thread of [mainThread, 'maildrop', ...sessions]) {
      await evaluateInWorker(node, thread, collection);
    }
  }
}
