/**
 * What a PostgreSQL that outlived its node has left in the cluster's directory: its processes, which
 * are ended, and its postmaster.pid.
 *
 * Theory of operation. All processes of a server work in its directory, and that is how they are
 * found; the id in postmaster.pid may have been given to a stranger since. The named process is told
 * to end only if it is seen to be the server: a postgres that works in that very directory. Where
 * the system does not show that (there is no /proc), nobody is told anything.
 *
 * Never: a signal to a process that is not PostgreSQL on this directory; a postmaster.pid removed
 * while the process it names may be PostgreSQL.
 */

import { readdir, readFile, readlink, realpath, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '../lifecycle/fatal.ts';
import { postgresLeftoverTimeoutMs } from '../limits.ts';

/** A server is on its way down by its parent-death signal, as a rule: before it is told. */
const leftoverPatienceMs = 1_000;
const pollMs = 50;

/**
 * The caller holds the node lock: nobody needs that server any more. PostgreSQL checks the id in
 * postmaster.pid itself, but takes a dead process that nobody has waited for, or a stranger that was
 * given the id since, for a server that lives. Throws StartError.
 */
export async function endLeftover(directory: string): Promise<void> {
  const pid = Number((await pidFileLines(directory))[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return;
  if (!(await isFreeWithin(directory, pid, leftoverPatienceMs))) {
    if (await worksIn(await realpath(directory), pid)) {
      try {
        process.kill(pid, 'SIGINT');
      } catch {
        // Gone meanwhile, or not ours: the wait below tells which.
      }
    }
    if (!(await isFreeWithin(directory, pid, postgresLeftoverTimeoutMs))) {
      throw new StartError(`another PostgreSQL (process ${pid}) is using ${directory}`);
    }
  }
  if (isAlive(pid)) await rm(`${directory}/postmaster.pid`, { force: true });
}

/** The lines of postmaster.pid; none of use without the file. */
export async function pidFileLines(directory: string): Promise<string[]> {
  const content = await readFile(`${directory}/postmaster.pid`, 'utf8').catch(() => '');
  return content.split('\n');
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

async function isFreeWithin(directory: string, pid: number, waitMs: number): Promise<boolean> {
  const until = performance.now() + waitMs;
  while (await isUsed(directory, pid)) {
    if (performance.now() > until) return false;
    await sleep(pollMs);
  }
  return true;
}

/** Whether a process of a server lives; where that cannot be seen, the id must do. */
async function isUsed(directory: string, pid: number): Promise<boolean> {
  const names = await readdir('/proc').catch(() => null);
  if (names === null) return isAlive(pid);
  const real = await realpath(directory);
  for (const name of names) {
    if (/^\d+$/.test(name) && (await worksIn(real, Number(name)))) return true;
  }
  return false;
}

/** Whether that process is PostgreSQL on that directory; false as well if it cannot be seen. */
async function worksIn(realDirectory: string, pid: number): Promise<boolean> {
  const workingDirectory = await readlink(`/proc/${pid}/cwd`).catch(() => null);
  if (workingDirectory !== realDirectory) return false;
  const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
  // proc(5): so it is called when the file was replaced since, as by an upgrade.
  return basename(program.replace(/ \(deleted\)$/, '')) === 'postgres';
}
