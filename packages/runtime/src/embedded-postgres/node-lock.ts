/**
 * One node at a time uses the embedded PostgreSQL of a data directory.
 *
 * The lock is the kernel's, on a file beside the given one: it is void the moment its holder is
 * gone, also after a kill or a power cut, so nobody ever judges whether a lock is stale, and two who
 * judge at the same time cannot both take it over. Node has no call for such locks, its SQLite has:
 * an exclusive transaction that writes nothing. The given file only tells people who holds it.
 *
 * Never: a lock taken from a process that lives; the locked file read, removed or replaced (closing
 * it, or a new one under its name, would be a second lock).
 *
 * Rules: sqlite.org/lockingv3.html; fcntl(2) on advisory record locking.
 */

import { readFile, rm, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { nodeLockContentionMs } from '../limits.ts';

export type LockResult =
  | { readonly kind: 'taken'; readonly release: () => Promise<void> }
  /** `pid` is null while its holder has not yet said who it is. */
  | { readonly kind: 'held'; readonly pid: number | null };

/** SQLITE_BUSY; what stands above the lowest octet is a detail of it. */
const busy = 5;

/** Nobody else may hold on to them, and what is collected as garbage unlocks. */
const locks = new Set<DatabaseSync>();

export async function takeNodeLock(file: string): Promise<LockResult> {
  const held = tryLock(`${file}.held`);
  if (held === null) return { kind: 'held', pid: await holderOf(file) };
  try {
    await writeFile(file, `${process.pid}\n`);
  } catch (error) {
    held.close();
    throw error;
  }
  locks.add(held);
  return {
    kind: 'taken',
    release: async () => {
      if (!locks.delete(held)) return;
      // While it is ours still: behind the unlock it may be somebody else's.
      await rm(file, { force: true });
      held.close();
    },
  };
}

/** Null when it is locked, by this process or another. */
function tryLock(path: string): DatabaseSync | null {
  // Those who try at the same moment are in each other's way for an instant, so that all of them would be refused.
  const database = new DatabaseSync(path, { timeout: nodeLockContentionMs });
  try {
    database.exec('begin exclusive');
    return database;
  } catch (error) {
    database.close();
    const code = error instanceof Error && 'errcode' in error ? error.errcode : null;
    if (typeof code === 'number' && (code & 0xff) === busy) return null;
    throw error;
  }
}

async function holderOf(file: string): Promise<number | null> {
  const pid = Number(await readFile(file, 'utf8').catch(() => ''));
  return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
}
