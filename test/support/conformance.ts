/**
 * Finds the transcripts of test/conformance.
 *
 * Never: an empty answer; a suite of nothing would pass.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseTranscripts, type Transcript } from './transcript.ts';

const directory = fileURLToPath(new URL('../conformance/transcripts', import.meta.url));

/** By file name, those for one driver or all of them. */
export function readTranscripts(driver?: 'memory' | 'network'): Map<string, Transcript[]> {
  const byFile = new Map<string, Transcript[]>();
  for (const file of readdirSync(directory)
    .filter((name) => name.endsWith('.txt'))
    .sort()) {
    const all = parseTranscripts(readFileSync(join(directory, file), 'utf8'), file);
    const wanted = all.filter(({ drivers }) => driver === undefined || drivers.includes(driver));
    if (wanted.length > 0) byFile.set(file, wanted);
  }
  if (byFile.size === 0) throw new Error(`there are no transcripts in ${directory}`);
  return byFile;
}
