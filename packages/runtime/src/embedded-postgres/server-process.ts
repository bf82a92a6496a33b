/**
 * One run of the postgres program: started, heard until it accepts connections, stopped.
 *
 * Never: stop without waiting for the end; a terminal's Ctrl-C that reaches PostgreSQL before the
 * node has drained (it runs in a session of its own).
 */

import { type ChildProcess, spawn } from 'node:child_process';
import {
  postgresImmediateStopTimeoutMs,
  postgresLineOctetsMax,
  postgresMessageLinesMax,
  postgresStartTimeoutMs,
  postgresStopTimeoutMs,
} from '../limits.ts';
import type { Log } from '../log/log.ts';
import { cleanEnvironment } from './cluster-directory.ts';
import { keptMemory } from './kept-memory.ts';
import type { RunAs } from './run-as.ts';

export interface ServerProcessOptions {
  readonly program: string;
  readonly directory: string;
  readonly socketDirectory: string;
  readonly runAs: RunAs;
  readonly settings: Readonly<Record<string, string>>;
  readonly log: Log;
}

export class ServerProcess {
  /** Resolves when it has ended, whatever the reason. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #log: Log;
  readonly #messages: string[] = [];
  readonly #ready = Promise.withResolvers<boolean>();
  #hasEnded = false;
  #isStopping = false;

  constructor(options: ServerProcessOptions) {
    const { program, directory, socketDirectory, runAs, settings } = options;
    this.#log = options.log;
    const all = {
      ...settings,
      listen_addresses: '',
      unix_socket_directories: socketDirectory,
      unix_socket_permissions: '0700',
    };
    const argv = [...runAs.prefix, program, '-D', directory];
    for (const [name, value] of Object.entries(all)) argv.push('-c', `${name}=${value}`);
    const [command = '', ...rest] = argv;
    const child = spawn(command, rest, {
      cwd: '/',
      env: { ...cleanEnvironment, ...keptMemory },
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    this.#child = child;
    const ended = Promise.withResolvers<void>();
    this.ended = ended.promise;
    const end = (message?: string): void => {
      if (message !== undefined) this.#messages.push(message);
      this.#hasEnded = true;
      this.#ready.resolve(false);
      ended.resolve();
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', () => end());
    this.#hear(child);
    // It must not keep alive a process that has nothing else to do, such as a test's.
    child.unref();
  }

  /** Why it did not start or has ended, as far as it said; one line. */
  get lastWords(): string {
    const fatal = this.#messages.findLast((line) => /^(FATAL|PANIC):/.test(line));
    return (fatal ?? this.#messages.at(-1) ?? 'it said nothing').replace(/^[A-Z]+:\s+/, '');
  }

  /** Whether it accepts connections; false if it ended or took too long before that. */
  async becameReady(): Promise<boolean> {
    const timer = setTimeout(() => this.#ready.resolve(false), postgresStartTimeoutMs);
    const isReady = await this.#ready.promise;
    clearTimeout(timer);
    return isReady;
  }

  /** Fast shutdown; immediate if that takes too long; then killed. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#child.ref();
    const steps = [
      ['SIGINT', postgresStopTimeoutMs],
      ['SIGQUIT', postgresImmediateStopTimeoutMs],
    ] as const;
    for (const [signal, waitMs] of steps) {
      if (this.#hasEnded) return;
      this.#child.kill(signal);
      const timeout = Promise.withResolvers<void>();
      const timer = setTimeout(timeout.resolve, waitMs);
      await Promise.race([this.ended, timeout.promise]);
      clearTimeout(timer);
    }
    if (this.#hasEnded) return;
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  #hear(child: ChildProcess): void {
    const { stderr } = child;
    if (stderr === null) return;
    let rest = '';
    stderr.setEncoding('utf8');
    stderr.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = (lines.pop() ?? '').slice(0, postgresLineOctetsMax);
      for (const line of lines) if (line.trim() !== '') this.#heard(line.trim());
    });
    if ('unref' in stderr && typeof stderr.unref === 'function') stderr.unref();
  }

  #heard(line: string): void {
    this.#messages.push(line);
    if (this.#messages.length > postgresMessageLinesMax) this.#messages.shift();
    if (line.includes('database system is ready to accept connections')) this.#ready.resolve(true);
    // Broken-off clients are everyday life while a node stops; before that they are worth a line.
    const isGrave = /^(WARNING|FATAL|PANIC):/.test(line) && !this.#isStopping;
    this.#log[isGrave ? 'warn' : 'debug']({ line }, 'postgres');
  }
}
