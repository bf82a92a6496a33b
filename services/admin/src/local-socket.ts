/**
 * The socket in the data directory by which the commands of this host find the node that runs there. Only who
 * may write to the directory can have made it, so a token that is sent to it cannot be caught by a stranger who
 * listens on the port of a node that is down. It is HTTP, and needs a token as any other way.
 *
 * Never: a start that fails for it: a command that does not find it goes to the database itself.
 */

import { type CertificateSet, type Log, listenOnPath } from '@poplar/runtime';
import type { FastifyInstance } from 'fastify';
import { localSocketBacklog, localSocketMode } from './limits.ts';
import { makeServer } from './listener.ts';
import { localSocket } from './names.ts';

export interface LocalParts {
  readonly app: FastifyInstance;
  readonly dataDir: string;
  readonly certificates: CertificateSet;
  readonly log: Log;
}

/** To be called when the app is ready. Answers what ends it. */
export async function listenLocally(parts: LocalParts): Promise<() => Promise<void>> {
  const { app, dataDir, certificates, log } = parts;
  const { server } = makeServer((request, response) => app.routing(request, response), {
    isLocal: true,
    certificates,
  });
  try {
    const options = { backlog: localSocketBacklog, mode: localSocketMode };
    await listenOnPath(server, localSocket(dataDir), options);
  } catch (error) {
    // Its path is too long, or another node has this data directory as well.
    log.warn({}, 'commands of this host do not find this node in its data directory', error);
    return async () => {};
  }
  server.on('error', () => {});
  return async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
}
