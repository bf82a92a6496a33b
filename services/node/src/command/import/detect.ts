/**
 * Finds out what a PATH is by looking: a Maildir, a folder of .eml files, an mbox or one message.
 *
 * Never: a guess where it is none of them; a symbolic link followed.
 */

import { lstat } from 'node:fs/promises';
import { beginsFromLine } from '@poplar/admin';
import { StartError } from '@poplar/runtime';
import { isEmlName, openEmlFile, openEmlFolder } from './eml.ts';
import type { Format, Source, SourceOptions } from './found.ts';
import { isMaildir, openMaildir } from './maildir.ts';
import { openMbox } from './mbox.ts';
import { codeOf, fileProblem, openRegularFile } from './regular-file.ts';

/** Octets at the beginning of a file that tell what it is. */
const beginningOctets = 1024;

/** RFC 5322 §2.2: a field name is of printable characters without a colon. */
const fieldAtStart = /^[!-9;-~]{1,200}[ \t]*:/;

/** Throws StartError when it cannot be read or is of no format known here. */
export async function openSource(
  path: string,
  options: SourceOptions & { readonly format?: Format },
): Promise<Source> {
  const stats = await lstat(path).catch((error: unknown) => {
    throw new StartError(`${path} cannot be read (${codeOf(error)})`);
  });
  if (stats.isSymbolicLink()) {
    throw new StartError(`${path} is a symbolic link: name what it points to`);
  }
  if (stats.isDirectory()) return openFolder(path, options);
  if (!stats.isFile()) throw new StartError(`${path} is neither a file nor a folder`);
  if (options.format === 'maildir') throw new StartError(`${path} is a file, not a Maildir`);
  const format = options.format ?? (await formatOf(path));
  return format === 'mbox' ? openMbox(path, options) : openEmlFile(path, options);
}

async function openFolder(
  path: string,
  options: SourceOptions & { readonly format?: Format },
): Promise<Source> {
  if (options.format === 'mbox') throw new StartError(`${path} is a folder, not an mbox file`);
  const format = options.format ?? ((await isMaildir(path)) ? 'maildir' : 'eml');
  return format === 'maildir' ? openMaildir(path, options) : openEmlFolder(path, options);
}

/** What gzip, xz, zstd and zip begin with. */
const packedBeginnings = ['1f8b08', 'fd377a585a00', '28b52ffd', '504b0304'];

/** One of these, or a tar. */
function isArchive(bytes: Buffer): boolean {
  const begins = bytes.toString('hex', 0, 6);
  const isPacked = packedBeginnings.some((beginning) => begins.startsWith(beginning));
  return isPacked || bytes.toString('latin1', 257, 262) === 'ustar';
}

async function formatOf(path: string): Promise<'eml' | 'mbox'> {
  const file = await openRegularFile(path);
  if (typeof file === 'string') throw fileProblem(path, file);
  try {
    const beginning = Buffer.alloc(beginningOctets);
    const { bytesRead } = await file.handle.read(beginning, 0, beginningOctets, 0);
    const bytes = beginning.subarray(0, bytesRead);
    if (isArchive(bytes)) {
      throw new StartError(
        `${path} is an archive: unpack it and import the folder, or send a tar of a Maildir to the REST API ` +
          '(docs/operations/import.md, "Archives")',
      );
    }
    // An .eml that was saved with its From_ line is one message all the same.
    if (isEmlName(path)) return 'eml';
    // A mailbox that nothing was delivered to.
    if (file.octets === 0) return 'mbox';
    if (beginsFromLine(bytes, 0)) return 'mbox';
    if (fieldAtStart.test(bytes.toString('latin1'))) return 'eml';
    throw new StartError(
      `${path} is neither an mbox nor a message as far as its beginning tells; --format says which`,
    );
  } finally {
    await file.handle.close();
  }
}
