/**
 * Reads messages that are a file each: one .eml file, or all of a folder in the order of their names.
 * Folders in that folder are not entered.
 *
 * Never: more than one message in memory.
 */

import { beginsFromLine, storedUidlOf } from '@poplar/admin';
import { StartError } from '@poplar/runtime';
import type { Found, Source, SourceOptions } from './found.ts';
import {
  entryPath,
  fileProblem,
  listFolder,
  openRegularFile,
  readRegularFile,
} from './regular-file.ts';

/** The files whose name ends so are messages. */
const messageName = /\.eml$/i;

export function isEmlName(name: string): boolean {
  return messageName.test(name);
}

/** Throws StartError when the folder cannot be listed or has no such file. */
export async function openEmlFolder(folder: string, options: SourceOptions): Promise<Source> {
  const entries = (await listFolder(folder)).filter(({ name }) => isEmlName(name));
  if (entries.length === 0) throw new StartError(`${folder}: there is no .eml file in it`);
  // By code units: the same order on every machine.
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return openFiles(
    entries.map((entry) => entryPath(folder, entry)),
    options,
  );
}

/** Throws StartError when it is not a file that can be read. */
export async function openEmlFile(path: string, options: SourceOptions): Promise<Source> {
  const file = await openRegularFile(path);
  if (typeof file === 'string') throw fileProblem(path, file);
  await file.handle.close();
  return openFiles([path], options);
}

async function openFiles(paths: readonly string[], options: SourceOptions): Promise<Source> {
  let totalOctets = 0;
  for (const path of paths) {
    const file = await openRegularFile(path);
    if (typeof file === 'string') continue;
    totalOctets += file.octets;
    await file.handle.close();
  }
  return {
    format: 'eml',
    totalOctets,
    async *messages() {
      for (const path of paths) yield await readEml(path, options);
    },
  };
}

async function readEml(path: string, { messageOctetsMax }: SourceOptions): Promise<Found> {
  const file = await readRegularFile(path, messageOctetsMax);
  if (typeof file === 'string') {
    return { kind: 'skipped', reason: file, place: path, inputOctets: 0 };
  }
  const content = withoutFromLine(file.content);
  const inputOctets = file.content.length;
  if (content.length === 0) return { kind: 'skipped', reason: 'empty', place: path, inputOctets };
  const uidl = storedUidlOf(content);
  return { kind: 'message', content, uidl, receivedAt: null, place: path, inputOctets };
}

/** Some programs save a message with the From_ line it had in their mailbox. */
function withoutFromLine(content: Uint8Array): Uint8Array {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  if (!beginsFromLine(bytes, 0)) return content;
  const lineEnd = bytes.indexOf(0x0a);
  return lineEnd < 0 ? content.subarray(content.length) : content.subarray(lineEnd + 1);
}
