/**
 * A disk that is soon full: a file system in memory of a few megabytes, with ballast that takes what is
 * left and gives it back. Mounting one needs root; where that is missing the suite is not run, and named
 * (missing-peers.ts).
 *
 * Never: a mount that outlives the process that made it in order; a disk that anything else is on.
 */

import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk {
  readonly path: string;
  /** Nothing more fits from now on. */
  fill(): void;
  /** What `fill` took is free again. */
  free(): void;
  end(): void;
}

const mounted = new Set<string>();
process.on('exit', () => {
  for (const path of mounted) spawnSync('umount', ['-l', path]);
});

/** Whether this process may mount a file system, tried where nobody sees it. */
export function canMount(): boolean {
  const tried = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', tmpdir()]);
  return tried.status === 0;
}

/** Owned by whoever owns that file or directory. */
export function smallDisk(mebibytes: number, ownedLike: string): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'poplar-disk-'));
  const { uid, gid } = statSync(ownedLike);
  const options = `size=${mebibytes}m,mode=0700,uid=${uid},gid=${gid}`;
  const made = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'none', path], {
    encoding: 'utf8',
  });
  if (made.status !== 0) {
    rmdirSync(path);
    throw new Error(`no small disk can be mounted, which root may: ${made.stderr}`);
  }
  mounted.add(path);
  const ballast = join(path, 'ballast');
  return {
    path,
    fill: () => fillWith(ballast),
    free: () => rmSync(ballast, { force: true }),
    end: () => {
      const gone = spawnSync('umount', [path], { encoding: 'utf8' });
      if (gone.status !== 0) throw new Error(`the small disk is still in use: ${gone.stderr}`);
      mounted.delete(path);
      rmdirSync(path);
    },
  };
}

function fillWith(file: string): void {
  const descriptor = openSync(file, 'a');
  try {
    for (const octets of [1024 * 1024, 4096]) {
      while (isWritten(descriptor, Buffer.alloc(octets))) {
        // Until there is no room for so many more.
      }
    }
  } finally {
    closeSync(descriptor);
  }
}

function isWritten(descriptor: number, octets: Buffer): boolean {
  try {
    return writeSync(descriptor, octets) === octets.length;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false;
    throw error;
  }
}
