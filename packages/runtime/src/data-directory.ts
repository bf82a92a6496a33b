/**
 * The data directory of a node: made on first use and marked, so that a mistyped path never fills
 * somebody else's directory.
 *
 * Never: a file removed that Poplar did not make.
 */

import { access, constants, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StartError } from './lifecycle/fatal.ts';

const markerName = 'poplar-data';
const format = 1;

/** What a fresh file system may hold without being anybody's. */
const harmless = new Set(['lost+found', '.gitkeep', '.keep']);

const permission = 'permission denied; always run Poplar as the user who made it';
const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'it is a file, or what it should be in',
  ENOTDIR: 'a part of its path is a file',
  EACCES: permission,
  EPERM: permission,
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

/** Throws StartError if the directory is not ours or cannot be used. */
export async function prepareDataDirectory(directory: string): Promise<void> {
  try {
    // Parents keep the default mode: the embedded database may run as another user below them.
    await mkdir(dirname(directory), { recursive: true });
    await mkdir(directory, { recursive: true, mode: 0o755 });
    await access(directory, constants.W_OK | constants.X_OK);
    const marker = join(directory, markerName);
    const content = await readFile(marker, 'utf8').catch(() => null);
    if (content === null) await mark(directory, marker);
    else if (content.trim() !== `format ${format}`) {
      throw new StartError(`${directory} was made by another version of Poplar`);
    }
  } catch (error) {
    if (error instanceof StartError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new StartError(`data directory ${directory} cannot be used: ${reasons[code] ?? code}`);
  }
}

/** What a command says that finds none. */
export function noData(directory: string): string {
  return `there is no Poplar data in ${directory}: set DATABASE_URL or POPLAR_DATA_DIR, or run npm start`;
}

/** As `prepareDataDirectory`, but throws StartError where there is none. */
export async function requireDataDirectory(directory: string): Promise<void> {
  const marker = await stat(join(directory, markerName)).catch((error: unknown) => error);
  const code = marker instanceof Error && 'code' in marker ? marker.code : null;
  if (code === 'ENOENT' || code === 'ENOTDIR') throw new StartError(noData(directory));
  await prepareDataDirectory(directory);
}

async function mark(directory: string, marker: string): Promise<void> {
  const strangers = (await readdir(directory)).filter((name) => !harmless.has(name));
  if (strangers.length > 0) {
    throw new StartError(
      `${directory} is not empty and not a data directory of Poplar: choose another POPLAR_DATA_DIR`,
    );
  }
  await writeFile(marker, `format ${format}\n`);
}
