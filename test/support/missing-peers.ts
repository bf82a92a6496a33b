/**
 * Which of a suite's peers this machine does not have.
 *
 * Theory of operation. `npm test` must say something true on a machine that has only Node and npm: a
 * suite whose peers are missing is left out there, by name and on the last lines. Where CI is set, or the
 * suite was asked for by name, it fails instead: nothing is left out where it counts.
 *
 * Never: a peer taken for missing because it behaves in an unexpected way.
 */

import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Phase } from './phases.ts';
import { canMount } from './small-disk.ts';

/** What to say of the suite, or null when nothing is missing. */
export function missingPeers({ peers = [], mounts = false }: Phase): string | null {
  const missing = peers.filter((peer) => !isThere(peer));
  if (missing.length > 0) return `${missing.join(', ')} not installed (.ci/run does it)`;
  return mounts && !canMount() ? 'no file system may be mounted here (root may)' : null;
}

function isThere(peer: string): boolean {
  if (isAbsolute(peer)) return isExecutable(peer);
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => isExecutable(join(folder, peer)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
