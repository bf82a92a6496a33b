/**
 * A password that comes as all of a file or of standard input.
 */

import { readFile } from 'node:fs/promises';
import { passwordProblem } from '@poplar/identity';
import { StartError } from '@poplar/runtime';

/** @param name what the file is called in an error. Throws StartError, without any of it. */
export async function readSecretFile(path: string, name: string): Promise<Uint8Array> {
  let octets: Uint8Array;
  try {
    octets = withoutLineEnd(await readFile(path));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new StartError(`${name} cannot be read (${code})`);
  }
  const problem = passwordProblem(octets);
  if (problem !== null) throw new StartError(`the password in ${name} ${problem}`);
  return octets;
}

/** Without one LF or CRLF at the end. */
export function withoutLineEnd(bytes: Uint8Array): Uint8Array {
  if (bytes.at(-1) !== 0x0a) return bytes;
  return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1);
}
