/**
 * Reads a Maildir: the messages in `cur` and `new`, in the order in which Dovecot numbered them if
 * its UID list is there, and the others behind them by time and name.
 *
 * Never: a file moved, renamed or flagged; `tmp` read, where messages are not complete; folders
 * below (`.Sent`) entered, because a maildrop is the inbox alone.
 *
 * Rules: maildir(5); `UidList` of the admin service for the UIDLs.
 */

import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type KnownMessage,
  MailStreamError,
  storedUidlOf,
  UidList,
  uidListOctetsMax,
  uniqueName,
} from '@poplar/admin';
import { StartError } from '@poplar/runtime';
import { readChunkOctets } from '../limits.ts';
import type { Found, Source, SourceOptions } from './found.ts';
import {
  codeOf,
  entryPath,
  fileProblem,
  listFolder,
  openRegularFile,
  readRegularFile,
} from './regular-file.ts';

interface MaildirFile {
  readonly path: string;
  readonly name: string;
  readonly modifiedMs: number;
  readonly octets: number;
  readonly known: KnownMessage | null;
}

/** Whether a folder is one: it has `cur` or `new` in it, as folders and not as links. */
export async function isMaildir(folder: string): Promise<boolean> {
  return (await partsOf(folder)).length > 0;
}

/** Throws StartError when it is none or cannot be read. */
export async function openMaildir(folder: string, options: SourceOptions): Promise<Source> {
  const parts = await partsOf(folder);
  if (parts.length === 0) throw new StartError(`${folder}: there is neither cur nor new in it`);
  const known = await readUidList(join(folder, 'dovecot-uidlist'));
  const files: MaildirFile[] = [];
  for (const part of parts) {
    for (const entry of await listFolder(part)) {
      // Names that begin with a dot are not messages (maildir(5)).
      if (entry.name.startsWith('.') || entry.kind === 'folder') continue;
      const path = entryPath(part, entry);
      const stats = await lstat(path).catch(() => null);
      files.push({
        path,
        name: entry.name,
        modifiedMs: stats?.mtimeMs ?? 0,
        octets: stats?.isFile() === true ? stats.size : 0,
        known: known.get(uniqueName(entry.name)) ?? null,
      });
    }
  }
  files.sort(inOrder);
  return {
    format: 'maildir',
    totalOctets: files.reduce((sum, { octets }) => sum + octets, 0),
    async *messages() {
      for (const file of files) yield await readMessage(file, options);
    },
  };
}

async function partsOf(folder: string): Promise<string[]> {
  const parts: string[] = [];
  for (const name of ['new', 'cur']) {
    const path = join(folder, name);
    const stats = await lstat(path).catch(() => null);
    if (stats?.isDirectory() === true) parts.push(path);
  }
  return parts;
}

function inOrder(a: MaildirFile, b: MaildirFile): number {
  const uidA = a.known?.uid ?? Number.POSITIVE_INFINITY;
  const uidB = b.known?.uid ?? Number.POSITIVE_INFINITY;
  if (uidA !== uidB) return uidA < uidB ? -1 : 1;
  if (a.modifiedMs !== b.modifiedMs) return a.modifiedMs - b.modifiedMs;
  return a.name < b.name ? -1 : 1;
}

async function readMessage(file: MaildirFile, options: SourceOptions): Promise<Found> {
  const { path: place, octets: inputOctets } = file;
  const read = await readRegularFile(place, options.messageOctetsMax);
  if (typeof read === 'string') return { kind: 'skipped', reason: read, place, inputOctets };
  const { content, modifiedAt: receivedAt } = read;
  if (content.length === 0) return { kind: 'skipped', reason: 'empty', place, inputOctets };
  const uidl = file.known === null ? storedUidlOf(content) : file.known.uidl;
  return { kind: 'message', content, uidl, receivedAt, place, inputOctets };
}

async function readUidList(path: string): Promise<ReadonlyMap<string, KnownMessage>> {
  const exists = await lstat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw new StartError(`${path} cannot be read (${codeOf(error)})`);
  });
  if (exists === null) return new Map();
  const file = await openRegularFile(path);
  // Going on without it would give every message a new UIDL, and clients would fetch all mail again.
  if (typeof file === 'string') throw fileProblem(path, file);
  try {
    if (file.octets > uidListOctetsMax) throw new StartError(`${path} is too large`);
    const list = new UidList();
    const chunk = Buffer.allocUnsafe(readChunkOctets);
    while (true) {
      const { bytesRead } = await file.handle.read(chunk, 0, chunk.length);
      if (bytesRead === 0) break;
      list.push(chunk.subarray(0, bytesRead));
    }
    list.finish();
    if (!list.isUnderstood && file.octets > 0) {
      throw new StartError(`${path}: its first line is not understood`);
    }
    return list.known;
  } catch (error) {
    if (error instanceof MailStreamError) throw new StartError(`${path}: ${error.message}`);
    throw error;
  } finally {
    await file.handle.close();
  }
}
