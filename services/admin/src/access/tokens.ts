/**
 * Tokens: how one is made, and what is kept of it. A token has 256 random bits, so one SHA-256 of it is as
 * good as any slow hash.
 *
 * The root token may do everything. It is that of POPLAR_ADMIN_TOKEN or is made once in a file of the data
 * directory, which only its owner can read.
 *
 * Never: a token in a log, an error, or in what is handed to a worker thread.
 */

import { createHash, randomBytes } from 'node:crypto';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '@poplar/runtime';

const prefix = 'poplar_';
const fileName = 'admin-token';

/** Under this name the main thread gives the digest of the root token to the worker of the API. */
export const rootDigestKey = 'adminToken';

export function makeToken(): string {
  return `${prefix}${randomBytes(32).toString('base64url')}`;
}

/** Whether a text can be a token that was made here: nothing else is worth a look-up. */
export function isTokenForm(text: string): boolean {
  return /^poplar_[\w-]{43}$/.test(text);
}

export function digestOf(token: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(token).digest());
}

/** The root token, if the environment or the data directory has one. Throws StartError. */
export async function readRootToken(
  environment: Readonly<Record<string, string | undefined>>,
  dataDir: string,
): Promise<string | null> {
  const given = environment.POPLAR_ADMIN_TOKEN?.trim() ?? '';
  if (given !== '') return given;
  const file = join(dataDir, fileName);
  try {
    const token = (await readFile(file, 'utf8')).trim();
    if (token === '') throw new StartError(`${file} is empty: remove it, and a new one is made`);
    return token;
  } catch (error) {
    if (error instanceof StartError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    if (code === 'ENOENT') return null;
    throw new StartError(`${file} cannot be read (${code})`);
  }
}

/** The root token; made in the data directory when there is none. Throws StartError. */
export async function rootToken(
  environment: Readonly<Record<string, string | undefined>>,
  dataDir: string,
): Promise<string> {
  const known = await readRootToken(environment, dataDir);
  if (known !== null) return known;
  const file = join(dataDir, fileName);
  const draft = `${file}.${process.pid}`;
  try {
    await writeFile(draft, `${makeToken()}\n`, { mode: 0o600, flag: 'wx' });
    try {
      // Whole or not at all, and never over one that another process has made meanwhile.
      await link(draft, file);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    } finally {
      await unlink(draft);
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new StartError(`${file} cannot be made (${code})`);
  }
  const made = await readRootToken({}, dataDir);
  if (made === null) throw new StartError(`${file} was removed while it was made`);
  return made;
}
