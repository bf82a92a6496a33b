/**
 * The files of the embedded PostgreSQL: made once by initdb, checked at every start, and freed of
 * what a predecessor that was killed may have left.
 *
 * Never: a half-made cluster under the final name; a cluster of another major version touched.
 */

import { execFile } from 'node:child_process';
import { chown, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { StartError } from '../lifecycle/fatal.ts';
import { initdbTimeoutMs } from '../limits.ts';
import type { Binaries } from './binaries.ts';
import { endLeftover, pidFileLines } from './leftover-server.ts';
import type { RunAs } from './run-as.ts';

const run = promisify(execFile);

/** The superuser and the only role; connections come over a socket that nobody else can reach. */
export const databaseUser = 'poplar';

/** Nothing of ours: no secret gets into an environment that others may read. */
export const cleanEnvironment = { PATH: process.env.PATH ?? '', LANG: 'C', LC_ALL: 'C', TZ: 'UTC' };

export interface ClusterOptions {
  readonly directory: string;
  readonly binaries: Binaries;
  readonly runAs: RunAs;
  /** False for clusters that need not survive a power cut. */
  readonly isDurable: boolean;
}

/** True if the cluster was made now. Throws StartError. */
export async function prepareCluster(options: ClusterOptions): Promise<boolean> {
  const { directory, binaries } = options;
  const version = await readFile(`${directory}/PG_VERSION`, 'utf8').catch(() => null);
  if (version === null) {
    await initialise(options);
    return true;
  }
  if (version.trim() !== binaries.major) {
    throw new StartError(
      `${directory} was made by PostgreSQL ${version.trim()}, the embedded one is ${binaries.major}`,
    );
  }
  await endLeftover(directory);
  return false;
}

/** Where a running server listens, from its postmaster.pid; null if there is none or not yet. */
export async function socketDirectoryOf(directory: string): Promise<string | null> {
  const lines = await pidFileLines(directory);
  const [status = '', socketDirectory = ''] = [lines[7]?.trim(), lines[4]];
  return status === 'ready' && socketDirectory !== '' ? socketDirectory : null;
}

async function initialise(options: ClusterOptions): Promise<void> {
  const { directory, binaries, runAs, isDurable } = options;
  const unfinished = `${directory}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  if (runAs.owner !== null) await chown(unfinished, runAs.owner.uid, runAs.owner.gid);
  const locale = [
    '-E',
    'UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
  ];
  const argv = [binaries.initdb, '-D', unfinished, '-U', databaseUser, '-A', 'trust', ...locale];
  argv.push('--no-instructions', ...(isDurable ? [] : ['--no-sync']));
  const [command = '', ...rest] = [...runAs.prefix, ...argv];
  try {
    await run(command, rest, { cwd: '/', env: cleanEnvironment, timeout: initdbTimeoutMs });
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    const line =
      output.split('\n').find((text) => /error|fatal/i.test(text)) ?? output.split('\n')[0];
    throw new StartError(
      `the embedded PostgreSQL could not be set up: ${line?.trim() || 'initdb failed'}`,
    );
  }
  await rename(unfinished, directory);
}
