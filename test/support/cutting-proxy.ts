/**
 * A unix socket between a node and its PostgreSQL that breaks a connection in the middle of an
 * answer: what is left of a large body when a server dies while it is read.
 *
 * Never: a broken connection that was not asked for.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface CuttingProxy {
  /** The URL to give to the node. */
  readonly url: string;
  /** Connections broken so far. */
  readonly cuts: number;
  /**
   * From now on, every connection on which the server says more than this is broken there, and all
   * others with it if `everything`.
   */
  cutAfter(octets: number, everything?: boolean): void;
  /** No more cuts. */
  mend(): void;
  end(): Promise<void>;
}

function serverOf(url: URL): { path: string } | { host: string; port: number } {
  const directory = url.searchParams.get('host');
  if (directory !== null) return { path: join(directory, '.s.PGSQL.5432') };
  return { host: url.hostname, port: Number(url.port || '5432') };
}

export async function cuttingProxy(databaseUrl: string): Promise<CuttingProxy> {
  const directory = mkdtempSync(join(tmpdir(), 'poplar-cut-'));
  const target = new URL(databaseUrl, 'postgresql://');
  const sockets = new Set<Socket>();
  const state = { limit: Number.POSITIVE_INFINITY, everything: false, generation: 0, cuts: 0 };
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const listener = createServer((client) => {
    const server = connect(serverOf(target));
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('drain', () => to.resume());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (!server.write(bytes)) client.pause();
    });
    let said = 0;
    let generation = state.generation;
    server.on('data', (bytes: Buffer) => {
      if (generation !== state.generation) said = 0;
      generation = state.generation;
      const room = state.limit - said;
      said += bytes.length;
      if (said <= state.limit) {
        if (!client.write(bytes)) server.pause();
        return;
      }
      // What fits still arrives: it is the middle of an answer that is lost.
      state.cuts += 1;
      client.end(bytes.subarray(0, room));
      server.destroy();
      if (state.everything) breakAll();
    });
  });
  await new Promise<void>((resolve) => {
    listener.listen(join(directory, '.s.PGSQL.5432'), resolve);
  });
  const user = target.searchParams.get('user') ?? target.username;
  const password = target.password === '' ? '' : `&password=${target.password}`;
  return {
    url: `postgresql://${target.pathname}?host=${directory}&user=${user}${password}`,
    get cuts() {
      return state.cuts;
    },
    cutAfter: (octets, everything = false) => {
      state.limit = octets;
      state.everything = everything;
      state.generation += 1;
    },
    mend: () => {
      state.limit = Number.POSITIVE_INFINITY;
    },
    end: async () => {
      breakAll();
      await new Promise((resolve) => listener.close(resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
