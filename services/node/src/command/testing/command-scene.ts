/**
 * The commands as they are run, for tests: the real program in a process of its own, in a folder of its own,
 * on a real database.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type TemporaryDatabase, temporaryDatabase } from '@poplar/store/testing';

const program = fileURLToPath(new URL('../../main.ts', import.meta.url));
/** A command that takes longer is killed. */
const commandMsMax = 30_000;

export interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export class CommandScene {
  readonly database: TemporaryDatabase;
  readonly folder: string;

  private constructor(database: TemporaryDatabase) {
    this.database = database;
    this.folder = mkdtempSync(join(tmpdir(), 'poplar-command-'));
  }

  static async open(): Promise<CommandScene> {
    return new CommandScene(await temporaryDatabase());
  }

  async end(): Promise<void> {
    rmSync(this.folder, { recursive: true });
    await this.database.drop();
  }

  start(argv: readonly string[], environment: NodeJS.ProcessEnv = {}): ChildProcess {
    // Compiled once: a third of a second less for each of the many starts.
    const cache = { NODE_COMPILE_CACHE: join(this.folder, 'compiled') };
    const { PATH } = process.env;
    const env = { PATH, DATABASE_URL: this.database.url, ...cache, ...environment };
    return spawn(process.execPath, [program, ...argv], { cwd: this.folder, env });
  }

  async finish(child: ChildProcess): Promise<Run> {
    const printed = { out: '', err: '' };
    child.stdout?.on('data', (chunk) => {
      printed.out += String(chunk);
    });
    child.stderr?.on('data', (chunk) => {
      printed.err += String(chunk);
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), commandMsMax);
    const [code] = await once(child, 'close');
    clearTimeout(timer);
    return { code, ...printed };
  }

  poplar(line: string, input = '', environment: NodeJS.ProcessEnv = {}): Promise<Run> {
    const child = this.start(line.split(' '), environment);
    child.stdin?.end(input);
    return this.finish(child);
  }

  /** Runs what must succeed; answers its JSON. */
  async json(line: string, input = ''): Promise<unknown> {
    const { code, out, err } = await this.poplar(`${line} --json`, input);
    assert.deepEqual([code, err], [0, ''], line);
    return JSON.parse(out);
  }

  /** Runs what must fail; answers the one line. */
  async failure(line: string, input = '', code = 1): Promise<string> {
    const run = await this.poplar(line, input);
    assert.deepEqual([run.code, run.out], [code, ''], run.err);
    assert.match(run.err, /^poplar: [^\n]+\n(\(poplar [a-z -]*--help [^\n]+\n)?$/);
    return run.err;
  }
}
