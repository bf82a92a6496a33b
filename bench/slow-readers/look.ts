/**
 * A look each second at what a node holds: its memory, and its connections to PostgreSQL by what they do and for
 * how long.
 *
 * Never: a look that takes a connection of the node.
 */

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PoplarServer } from '../servers/poplar.ts';

export interface LookSample {
  readonly seconds: number;
  readonly residentOctets: number;
  readonly connections: number;
  /** That are at work or in a transaction. */
  readonly busy: number;
  /** How long the longest of these has been in its statement or its transaction. */
  readonly longestMs: number;
}

const pauseMs = 1_000;

export class Look {
  readonly samples: LookSample[] = [];
  readonly #server: PoplarServer;
  #watching: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(server: PoplarServer) {
    this.#server = server;
  }

  start(): void {
    const sinceMs = performance.now();
    const watch = async (): Promise<void> => {
      while (!this.#isOver) {
        this.samples.push(await this.#sample((performance.now() - sinceMs) / 1_000));
        await sleep(pauseMs);
      }
    };
    this.#watching = watch();
  }

  stop(): Promise<void> {
    this.#isOver = true;
    return this.#watching;
  }

  async #sample(seconds: number): Promise<LookSample> {
    const { database, running } = this.#server;
    const [row] = await database.query(`
      select count(*)::int as all,
             count(*) filter (where state <> 'idle' or xact_start is not null)::int as busy,
             coalesce(max(1000 * extract(epoch from clock_timestamp() - coalesce(xact_start, query_start)))
               filter (where state <> 'idle' or xact_start is not null), 0)::float8 as longest
      from pg_stat_activity
      where datname = current_database() and application_name like 'poplar pop3%'`);
    const residentOctets = running.reduce((sum, { pid }) => sum + residentOctetsOf(pid), 0);
    return {
      ...{ seconds, residentOctets },
      connections: Number(row?.all),
      busy: Number(row?.busy),
      longestMs: Number(row?.longest),
    };
  }
}

function residentOctetsOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return 1_024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
}
