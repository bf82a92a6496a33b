/**
 * A primary PostgreSQL and its streaming standby, with synchronous commit: what is acknowledged is on
 * both. It does to them what an operator or his cluster manager does in a fail-over, and looks at what
 * each of them holds.
 *
 * Never: the embedded binaries, which cannot make a standby; a server that outlives `stop`.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import {
  type Superuser,
  startServer,
  superuserOf,
  type TemporaryServer,
} from '@poplar/store/testing';
import { eventually } from './node-inspection.ts';

export interface ServerPair {
  readonly primary: TemporaryServer;
  readonly standby: TemporaryServer;
  /** The same database on one of them alone. */
  urlOn(server: TemporaryServer, database: string): string;
  /** As a node names both. */
  urlOnBoth(database: string): string;
  /** One of them, to be asked and changed. Ended by `stop`. */
  superuser(server: TemporaryServer): Superuser;
  /** Commits of the primary wait for the standby from now on. */
  makeSynchronous(): Promise<void>;
  /** Resolves when the standby takes writes. */
  promote(): Promise<void>;
  /** Starts the former primary, which was killed, as a standby that follows nobody. */
  startFormerAsStandby(): Promise<void>;
  /** The primary and all its processes stand still, and answer nothing. */
  freezePrimary(): void;
  /** They go on, as if nothing had happened. */
  thawPrimary(): void;
  stop(): Promise<void>;
}

/** Linux only. */
function processesOf(server: TemporaryServer): number[] {
  const pid = server.pid();
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [
    pid,
    ...children
      .split(' ')
      .filter((child) => child !== '')
      .map(Number),
  ];
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address !== 'object') throw new Error('no port is free');
  return address.port;
}

export async function startServerPair(): Promise<ServerPair> {
  // Autovacuum writes where nobody else does, and the tests look whether anybody has written.
  const primary = await startServer({ port: await freePort(), settings: ['autovacuum=off'] });
  const standby = await startServer({ port: await freePort(), standbyOf: primary });
  const users: Superuser[] = [];
  const superuser = (server: TemporaryServer): Superuser => {
    const made = superuserOf(server.url);
    users.push(made);
    return made;
  };
  const hostOf = ({ url }: TemporaryServer): string => new URL(url).host;
  const urlOf = (hosts: string, database: string): string =>
    `postgresql://postgres@${hosts}/${database}`;
  return {
    primary,
    standby,
    urlOn: (server, database) => urlOf(hostOf(server), database),
    urlOnBoth: (database) => urlOf(`${hostOf(primary)},${hostOf(standby)}`, database),
    superuser,
    makeSynchronous: async () => {
      const there = superuser(primary);
      await there.set('synchronous_standby_names', '*');
      await eventually(async () => {
        const [row] = await there.query('select sync_state from pg_stat_replication');
        if (row?.sync_state !== 'sync') throw new Error(`the standby is ${row?.sync_state}`);
      }, 20_000);
    },
    promote: async () => {
      const [row] = await superuser(standby).query('select pg_promote(true, 20) as is_done');
      if (row?.is_done !== true) throw new Error('the standby was not promoted in time');
    },
    startFormerAsStandby: async () => {
      writeFileSync(join(primary.data, 'standby.signal'), '', { mode: 0o644 });
      await eventually(() => primary.start(), 20_000, 200);
    },
    freezePrimary: () => {
      // Itself first: so it makes no more of them.
      process.kill(primary.pid(), 'SIGSTOP');
      for (const pid of processesOf(primary)) process.kill(pid, 'SIGSTOP');
    },
    thawPrimary: () => {
      for (const pid of processesOf(primary).reverse()) process.kill(pid, 'SIGCONT');
    },
    stop: async () => {
      await Promise.all(users.map((made) => made.end()));
      await Promise.all([primary.stop(), standby.stop()]);
    },
  };
}
