/**
 * One node at a time uses the embedded PostgreSQL of a data directory. The lock is a file with the
 * process id and the start time of the holder, so that it is void the moment the holder is gone,
 * also after a kill or a power cut, and also when the id was given to another process since.
 *
 * Never: a lock taken from a process that lives.
 */

import { link, readFile, rm, writeFile } from 'node:fs/promises';

export type LockResult =
  | { readonly kind: 'taken'; readonly release: () => Promise<void> }
  | { readonly kind: 'held'; readonly pid: number };

const triesMax = 5;

export async function takeNodeLock(file: string): Promise<LockResult> {
  const own = `${process.pid} ${await startedAt(process.pid)}\n`;
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, own);
  try {
    for (let tries = 0; tries < triesMax; tries += 1) {
      // A link appears whole or not at all, and only where nothing was.
      const isTaken = await link(temporary, file).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error;
          return false;
        },
      );
      if (isTaken) return { kind: 'taken', release: () => rm(file, { force: true }) };
      const holder = await livingHolder(file);
      if (holder !== null) return { kind: 'held', pid: holder };
      await rm(file, { force: true });
    }
    throw new Error(`${file} changes too fast`);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** The process that holds the lock, if it lives. */
async function livingHolder(file: string): Promise<number | null> {
  const content = await readFile(file, 'utf8').catch(() => '');
  const [pidText = '', started = ''] = content.trim().split(' ');
  const pid = Number(pidText);
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isAlive(pid)) return null;
  return (await startedAt(pid)) === started ? pid : null;
}

/** True if there is such a process, ours or not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * Clock ticks from boot to the start of a process, where the system tells; else `-`. A process that
 * has ended and only waits for its parent has no start any more.
 */
async function startedAt(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // proc(5): the second field is a name in parentheses that may contain anything, then comes the
  // state, and the start time is field 22.
  const [state = '', ...behindState] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return 'ended';
  return behindState[18] ?? '-';
}
