/**
 * A unix socket between a store and its server that loses what a test wants lost: an answer after
 * the server has done the work, or a request before it reaches the server.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Loss =
  /** The request reaches the server; its answer never comes and the connection breaks. */
  | 'answer'
  /** The connection breaks before the server has seen the request. */
  | 'request'
  /** Both directions fall silent and nothing breaks. */
  | 'silence';

export interface DatabaseProxy {
  /** The URL to give to the store. */
  readonly url: string;
  /** The next request that contains this text is lost, once for each call. */
  lose(text: string, loss: Loss): void;
  /** Breaks every connection; new ones are refused until `mend`. */
  break(): void;
  mend(): void;
  end(): Promise<void>;
}

/** How long the server gets to finish what nobody will hear of. */
const finishMs = 150;

function serverOf(url: string): { path: string } | { host: string; port: number } {
  const { hostname, port, searchParams } = new URL(url, 'postgresql://');
  const directory = searchParams.get('host');
  if (directory !== null) return { path: join(directory, '.s.PGSQL.5432') };
  return { host: hostname, port: Number(port || '5432') };
}

export async function databaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const directory = mkdtempSync(join(tmpdir(), 'poplar-proxy-'));
  const losses: { text: string; loss: Loss }[] = [];
  const sockets = new Set<Socket>();
  let broken = false;
  const listener = createServer((client) => {
    if (broken) {
      client.destroy();
      return;
    }
    const server = connect(serverOf(databaseUrl));
    let mute = false;
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
    server.on('data', (bytes) => {
      if (!mute) client.write(bytes);
    });
    client.on('data', (bytes) => {
      const at = losses.findIndex(({ text }) => bytes.includes(text));
      const [found] = at < 0 ? [] : losses.splice(at, 1);
      if (found?.loss === 'request') {
        client.destroy();
        return;
      }
      if (found !== undefined) mute = true;
      if (found?.loss === 'answer') setTimeout(() => client.destroy(), finishMs);
      if (found?.loss !== 'silence') server.write(bytes);
    });
  });
  await new Promise<void>((resolve) => {
    listener.listen(join(directory, '.s.PGSQL.5432'), resolve);
  });
  const url = new URL(databaseUrl, 'postgresql://');
  const database = url.pathname;
  const user = url.searchParams.get('user') ?? url.username;
  const password = url.password === '' ? '' : `&password=${url.password}`;
  return {
    url: `postgresql://${database}?host=${directory}&user=${user}${password}`,
    lose: (text, loss) => {
      losses.push({ text, loss });
    },
    break: () => {
      broken = true;
      for (const socket of sockets) socket.destroy();
    },
    mend: () => {
      broken = false;
    },
    end: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
