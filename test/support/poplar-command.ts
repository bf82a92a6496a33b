/**
 * Runs the commands of `poplar` on a database, each as a process of its own, as an administrator does.
 *
 * Never: a secret in an argument; a command that outlives its time.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../services/node/src/main.ts', import.meta.url));
const compileCache = fileURLToPath(new URL('../../node_modules/.cache/compile', import.meta.url));
const commandWithinMs = 30_000;

export interface CommandRun {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface CommandOptions {
  readonly input?: string;
  /** Over what is set here. */
  readonly environment?: Readonly<Record<string, string>>;
}

export async function runPoplar(
  databaseUrl: string,
  argv: readonly string[],
  { input = '', environment = {} }: CommandOptions = {},
): Promise<CommandRun> {
  const child = spawn(process.execPath, [main, ...argv], {
    cwd: tmpdir(),
    env: {
      PATH: process.env.PATH ?? '',
      NODE_COMPILE_CACHE: compileCache,
      DATABASE_URL: databaseUrl,
      ...environment,
    },
    timeout: commandWithinMs,
    killSignal: 'SIGKILL',
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => out.push(piece));
  child.stderr.on('data', (piece: Buffer) => err.push(piece));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() };
}

/** As `runPoplar`, but it must end with 0; answers what it printed. */
export async function poplar(
  databaseUrl: string,
  argv: readonly string[],
  input = '',
): Promise<string> {
  const { code, out, err } = await runPoplar(databaseUrl, argv, { input });
  assert.equal(code, 0, `poplar ${argv.join(' ')} ended with ${code}\n${err}${out}`);
  return out;
}
