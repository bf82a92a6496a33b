/**
 * Listening on a unix socket. A file left behind by a process that is gone would be in the way; it is
 * removed only when it is a socket and nobody answers on it.
 *
 * Never: remove a file that is not a socket, or one that somebody listens on.
 */

import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { socketProbeMs } from './limits.ts';

export interface SocketOptions {
  readonly backlog: number;
  /** Who may connect. */
  readonly mode: number;
}

/** Rejects with the error of `listen`, or with EADDRINUSE when the path is somebody else's. */
export async function listenOnPath(
  server: Server,
  path: string,
  { backlog, mode }: SocketOptions,
): Promise<void> {
  await removeStaleSocket(path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Until the mode is set, the umask keeps the socket to its owner's writes.
    server.listen({ path, backlog }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  await chmod(path, mode);
}

/** True when a stale socket file was there and is gone now. */
export async function removeStaleSocket(path: string): Promise<boolean> {
  const stat = await lstat(path).catch(() => null);
  if (stat === null || !stat.isSocket() || (await answers(path))) return false;
  await unlink(path);
  return true;
}

/** A listener that is merely slow counts as one that answers. */
async function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    const done = (answer: boolean) => {
      probe.destroy();
      resolve(answer);
    };
    probe.setTimeout(socketProbeMs, () => done(true));
    probe.once('connect', () => done(true));
    probe.once('error', (error) => {
      done(!('code' in error && (error.code === 'ECONNREFUSED' || error.code === 'ENOENT')));
    });
  });
}
