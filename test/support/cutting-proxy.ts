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
  /**
   * What nodes ask while the work goes on, one entry a round trip of a connection: all that was said
   * before an answer to any of it arrived. Answers take `answerDelayMs` longer meanwhile, so that what
   * is asked at once is not taken for two questions.
   */
  roundTrips(work: () => Promise<unknown>): Promise<readonly string[]>;
  end(): Promise<void>;
}

const answerDelayMs = 20;

function serverOf(url: URL): { path: string } | { host: string; port: number } {
  const directory = url.searchParams.get('host');
  if (directory !== null) return { path: join(directory, '.s.PGSQL.5432') };
  return { host: url.hostname, port: Number(url.port || '5432') };
}

interface State {
  /** Octets of each connection's answers that come through. */
  limit: number;
  /** Whether a cut takes all connections along. */
  everything: boolean;
  /** Changes with each new limit, from where octets are counted anew. */
  generation: number;
  cuts: number;
  /** What was asked, an entry for each round trip, while somebody wants to know. */
  asked: string[] | null;
}

/** Each ends with the other, and waits for it. */
function tie(client: Socket, server: Socket, sockets: Set<Socket>): void {
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
}

function relay(
  client: Socket,
  server: Socket,
  { state, breakAll }: { readonly state: State; readonly breakAll: () => void },
): void {
  let entry = -1;
  let said = 0;
  let generation = state.generation;
  let delayed = 0;
  const forward = (bytes: Buffer): void => {
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
  };
  client.on('data', (bytes: Buffer) => {
    const { asked } = state;
    if (asked !== null) {
      if (asked[entry] === undefined) entry = asked.push('') - 1;
      asked[entry] += bytes.toString('latin1');
    }
    if (!server.write(bytes)) client.pause();
  });
  server.on('data', (bytes: Buffer) => {
    // Behind what is delayed, whether that is over or not.
    if (state.asked === null && delayed === 0) return forward(bytes);
    delayed += 1;
    setTimeout(() => {
      delayed -= 1;
      entry = -1;
      forward(bytes);
    }, answerDelayMs);
  });
}

export async function cuttingProxy(databaseUrl: string): Promise<CuttingProxy> {
  const directory = mkdtempSync(join(tmpdir(), 'poplar-cut-'));
  const target = new URL(databaseUrl, 'postgresql://');
  const sockets = new Set<Socket>();
  const state: State = {
    limit: Number.POSITIVE_INFINITY,
    everything: false,
    generation: 0,
    cuts: 0,
    asked: null,
  };
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const listener = createServer((client) => {
    const server = connect(serverOf(target));
    tie(client, server, sockets);
    relay(client, server, { state, breakAll });
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
    roundTrips: async (work) => {
      const seen: string[] = [];
      state.asked = seen;
      try {
        await work();
      } finally {
        state.asked = null;
      }
      return seen;
    },
    end: async () => {
      breakAll();
      await new Promise((resolve) => listener.close(resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
