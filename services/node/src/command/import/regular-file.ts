/**
 * Opens input files, and nothing but regular files: what lies in a mail folder was put there by
 * others, and a link in it could point anywhere.
 *
 * Never: a symbolic link followed in the last part of a path; an open that waits for the other end
 * of a pipe; a path with a name in it that did not come from listing that folder.
 *
 * Rules: fault V95 is the family (path traversal and symlinks in import).
 */

import { constants } from 'node:fs';
import { type FileHandle, open, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SkipReason } from '@poplar/admin';
import { StartError } from '@poplar/runtime';
import { folderEntriesMax } from '../limits.ts';

const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface OpenedFile {
  readonly handle: FileHandle;
  readonly octets: number;
  readonly modifiedAt: Date;
}

/** The file, or why it is skipped. The handle is the caller's to close. */
export async function openRegularFile(path: string): Promise<OpenedFile | SkipReason> {
  let handle: FileHandle;
  try {
    handle = await open(path, openFlags);
  } catch (error) {
    // What O_NOFOLLOW answers for a link; a socket cannot be opened at all.
    return isCode(error, 'ELOOP', 'EMLINK', 'ENXIO') ? 'not-a-file' : 'unreadable';
  }
  try {
    const stats = await handle.stat();
    if (stats.isFile()) return { handle, octets: stats.size, modifiedAt: stats.mtime };
  } catch {
    await handle.close();
    return 'unreadable';
  }
  await handle.close();
  return 'not-a-file';
}

/** What is said of a file that the whole import depends on. */
export function fileProblem(path: string, reason: SkipReason): StartError {
  return new StartError(`${path} ${reason === 'not-a-file' ? 'is not a file' : 'cannot be read'}`);
}

export interface WholeFile {
  readonly content: Uint8Array;
  readonly modifiedAt: Date;
}

/** All of a small file, or why it is skipped. */
export async function readRegularFile(
  path: string,
  octetsMax: number,
): Promise<WholeFile | SkipReason> {
  const file = await openRegularFile(path);
  if (typeof file === 'string') return file;
  try {
    if (file.octets > octetsMax) return 'too-large';
    const content = new Uint8Array(file.octets);
    let at = 0;
    while (at < content.length) {
      const { bytesRead } = await file.handle.read(content, at, content.length - at, at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return { content: content.subarray(0, at), modifiedAt: file.modifiedAt };
  } catch {
    return 'unreadable';
  } finally {
    await file.handle.close();
  }
}

/** One entry of a folder. */
export interface Entry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'other';
}

/** The entries of a folder in no order. Throws StartError when it cannot be listed. */
export async function listFolder(path: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  try {
    for await (const entry of await opendir(path)) {
      if (entries.length === folderEntriesMax) {
        throw new StartError(`${path} has more than ${folderEntriesMax} entries`);
      }
      const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other';
      entries.push({ name: entry.name, kind });
    }
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`${path} cannot be listed (${codeOf(error)})`);
  }
  return entries;
}

/** The path of an entry that `listFolder` found. */
export function entryPath(folder: string, { name }: Entry): string {
  return join(folder, name);
}

/** `ENOENT` and the like. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes(codeOf(error));
}
