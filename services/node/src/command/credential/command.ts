/**
 * `poplar credential import`: passwords of another server, as hashes where it has hashes, so that nobody
 * needs a new one.
 *
 * Never: a password printed, or read from an argument.
 */

import { statSync } from 'node:fs';
import { exitCode, onSignals } from '@poplar/runtime';
import { type Store, StoreError } from '@poplar/store';
import type { Command } from 'commander';
import { progressIntervalMs } from '../limits.ts';
import { domainArgument } from '../names.ts';
import { printedCount, printedOctets } from '../output.ts';
import {
  reasonOf,
  type StoreCommandOptions,
  withStore,
  withStoreOptions,
} from '../store-access.ts';
import { type CredentialImportEnd, CredentialReport } from './report.ts';
import { runCredentialImport } from './run-import.ts';

interface ImportOptions extends StoreCommandOptions {
  readonly create?: true;
  readonly progress?: true;
  readonly domain?: string;
  readonly scheme?: string;
}

export function registerCredentialCommands(program: Command): void {
  const credential = program.command('credential').description('passwords of another server');
  withStoreOptions(
    credential.command('import').description('take over the passwords of a Dovecot passwd-file'),
  )
    .argument('<file>', 'lines of user:password:..., hashed or {PLAIN}')
    .option('--create', 'make mailboxes that are not there; their domains must be')
    .option('--domain <domain>', 'of names that have none', domainArgument)
    .option('--scheme <scheme>', 'of passwords that name none, such as SHA512-CRYPT')
    .option('--progress', 'show progress, also where standard error is not a terminal')
    .addHelpText(
      'after',
      '\nIt can be run again: what is stored already stays as it is. What is skipped is named in the report.',
    )
    .action(importCredentials);
}

async function importCredentials(path: string, options: ImportOptions): Promise<void> {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  const forget = onSignals({
    drain: stop,
    exitNow: () => process.exit(exitCode.failed),
    reload: stop,
  });
  const report = new CredentialReport();
  try {
    const end = await withStore(options, ({ store }) =>
      importInto(store, { path, options, report, stopping: stopping.signal }),
    );
    report.print(end, options.json === true);
    if (end.kind !== 'complete' || report.skippedLines > 0) process.exitCode = exitCode.failed;
  } finally {
    forget();
  }
}

interface ImportWork {
  readonly path: string;
  readonly options: ImportOptions;
  readonly report: CredentialReport;
  readonly stopping: AbortSignal;
}

async function importInto(store: Store, work: ImportWork): Promise<CredentialImportEnd> {
  const { path, options, report, stopping } = work;
  const isShown = options.progress === true || process.stderr.isTTY === true;
  const show = progressOf(path, report);
  let dueMs = 0;
  try {
    const kind = await runCredentialImport({
      store,
      path,
      report,
      create: options.create === true,
      domain: options.domain ?? null,
      parsing: options.scheme === undefined ? {} : { defaultScheme: options.scheme },
      stopping,
      onProgress: () => {
        if (!isShown || performance.now() < dueMs) return;
        show();
        const { terminal, lines } = progressIntervalMs;
        dueMs = performance.now() + (process.stderr.isTTY ? terminal : lines);
      },
    });
    return { kind };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { kind: 'failed', reason: `database: ${reasonOf(error)}` };
  } finally {
    if (isShown) {
      show();
      if (process.stderr.isTTY) process.stderr.write('\n');
    }
  }
}

/** Writes a line such as `50%  1.2 of 2.4 MB  12,345 lines`, over the last one on a terminal. */
function progressOf(path: string, report: CredentialReport): () => void {
  // A pipe has no size, and a file that is not there is told of by who reads it.
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return () => {
    const { octetsRead, lines } = report;
    const part = size > 0 ? `${Math.floor(Math.min(1, octetsRead / size) * 100)}%  ` : '';
    const octets = size > 0 ? `${printedOctets(octetsRead)} of ${printedOctets(size)}` : '';
    const text = `${part}${octets || printedOctets(octetsRead)}  ${printedCount(lines)} lines`;
    // Erases the rest of the line (ECMA-48 EL).
    process.stderr.write(process.stderr.isTTY ? `\r${text}\u001b[K` : `${text}\n`);
  };
}
