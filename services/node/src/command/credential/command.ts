/**
 * `poplar credential import`: passwords of another server, as hashes where it has hashes, so that nobody
 * needs a new one.
 *
 * Never: a password printed, or read from an argument.
 */

import { exitCode, onSignals } from '@poplar/runtime';
import type { Command } from 'commander';
import { withApi } from '../api/access.ts';
import { type ApiClient, ApiFailure } from '../api/client.ts';
import { LineProgress } from '../line-progress.ts';
import { domainArgument } from '../names.ts';
import { type StoreCommandOptions, withStoreOptions } from '../store-access.ts';
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
    const end = await withApi(options, (api) =>
      importInto(api, { path, options, report, stopping: stopping.signal }),
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

async function importInto(api: ApiClient, work: ImportWork): Promise<CredentialImportEnd> {
  const { path, options, report, stopping } = work;
  const progress = new LineProgress(path, options.progress === true);
  try {
    const kind = await runCredentialImport({
      api,
      path,
      report,
      create: options.create === true,
      domain: options.domain ?? null,
      parsing: options.scheme === undefined ? {} : { defaultScheme: options.scheme },
      stopping,
      onProgress: () => progress.update(report),
    });
    return { kind };
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    return { kind: 'failed', reason: error.message };
  } finally {
    progress.finish(report);
  }
}
