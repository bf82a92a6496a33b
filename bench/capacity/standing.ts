/**
 * What does not depend on operations: what idle nodes cost, what they and their connections weigh, and
 * what a checkpoint makes of the lock table.
 *
 * Never: memory that several processes share, counted for each of them.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, memoryOctets, ownOctets } from '../cpu.ts';
import { type PoplarServer, startPoplar } from '../servers/poplar.ts';
import { type Cost, type Costs, nothing } from './costs.ts';
import { backends, locksOfPage, toldCounts } from './counters.ts';
import { type Pace, tryOn } from './trial.ts';

export interface Standing {
  /** In a second. */
  readonly idle: Cost;
  /** A node, and a connection of PostgreSQL. */
  readonly node: number;
  readonly backend: number;
}

/** Long enough to have opened what is opened when it is first used. */
const firstLoad: Pace = { seconds: 2, warmUpSeconds: 1 };

export async function standing(idleSeconds: number): Promise<Standing> {
  const server = await startPoplar();
  try {
    const task = { kind: 'poll', tls: false, pipelined: false } as const;
    await tryOn(
      server,
      { task, mailboxes: 64, messages: 50, octets: 1_000, clients: 16 },
      firstLoad,
    );
    const { database } = server;
    const before = await toldCounts(database);
    const cpu = cpuOf(server);
    await sleep(idleSeconds * 1_000);
    const used = cpuOf(server);
    const after = await toldCounts(database);
    const seconds = (after.atMs - before.atMs) / 1_000;
    const own = (await backends(database)).map(ownOctets);
    return {
      idle: {
        node: ((used.node - cpu.node) * 1e6) / idleSeconds,
        postgres: ((used.postgres - cpu.postgres) * 1e6) / idleSeconds,
        wal: (after.wal - before.wal) / seconds,
      },
      node: memoryOctets(server.parts().node ?? []),
      backend: own.reduce((sum, octets) => sum + octets, 0) / Math.max(1, own.length),
    };
  } finally {
    await server.stop();
  }
}

function cpuOf(server: PoplarServer): { node: number; postgres: number } {
  const { node = [], postgres = [] } = server.parts();
  return { node: cpuSeconds(node), postgres: cpuSeconds(postgres) };
}

const quick: Pace = { seconds: 2, warmUpSeconds: 0 };
const mailboxes = 4_096;
/** What a poll client does before it is measured: every mailbox twice. */
const pollsBefore = 2 * mailboxes;

/** Behind a checkpoint every page of the lock table goes into the WAL once as a whole. */
export async function lockTable(): Promise<Pick<Costs, 'fullPage' | 'locksOfPage'>> {
  const server = await startPoplar();
  try {
    const { database } = server;
    const task = { kind: 'poll', tls: false, pipelined: false } as const;
    const trial = { task, mailboxes, messages: 1, octets: 500, clients: 64 };
    let filled = await toldCounts(database);
    let warm = filled;
    const watched: PoplarServer = {
      ...server,
      fill: async (corpus) => {
        await server.fill(corpus);
        filled = await toldCounts(database);
      },
    };
    const { measured, before, after } = await tryOn(watched, trial, quick, nothing, async () => {
      warm = await toldCounts(database);
    });
    // What a poll writes when its page is in the WAL already.
    const poll = (after.wal - before.wal) / measured.operations;
    const pages = Math.max(1, warm.fullPages - filled.fullPages);
    const octets = warm.wal - filled.wal - pollsBefore * poll;
    return { fullPage: Math.max(0, octets / pages), locksOfPage: await locksOfPage(database) };
  } finally {
    await server.stop();
  }
}
