/**
 * `poplar mailbox add-all`: the mailboxes of a file, CSV or a line of JSON each, many in one request.
 *
 * Never: a password printed, or read from an argument.
 */

import { exitCode, onSignals, StartError } from '@poplar/runtime';
import type { Command } from 'commander';
import { withApi } from '../api/access.ts';
import { wordOption } from '../closed-list.ts';
import { LineProgress } from '../line-progress.ts';
import { type StoreCommandOptions, withStoreOptions } from '../store-access.ts';
import { BulkReport } from './report.ts';
import { type Form, forms, sendFile } from './send-file.ts';

interface BulkOptions extends StoreCommandOptions {
  readonly format?: Form;
  readonly progress?: true;
}

/** Below the command `mailbox`. */
export function registerBulkCommand(mailbox: Command): void {
  withStoreOptions(mailbox.command('add-all').description('add the mailboxes of a file'))
    .argument('<file>', 'CSV whose first line is address,password, or NDJSON')
    .addOption(wordOption('--format <form>', 'what the name of the file does not tell', forms))
    .option('--progress', 'show progress, also where standard error is not a terminal')
    .addHelpText(
      'after',
      '\nIt can be run again: what exists stays as it is. What is refused is named in the report.',
    )
    .action(addAll);
}

async function addAll(path: string, options: BulkOptions, command: Command): Promise<void> {
  const form = options.format ?? formOf(path);
  if (form === null) return command.error('error: what is it? give --format csv or ndjson');
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  const exitNow = () => process.exit(exitCode.failed);
  const forget = onSignals({ drain: stop, exitNow, reload: stop });
  const report = new BulkReport();
  const progress = new LineProgress(path, options.progress === true);
  try {
    await withApi(options, (api) =>
      sendFile({
        ...{ api, path, form, report, stopping: stopping.signal },
        onProgress: () => progress.update(report),
      }),
    );
  } catch (error) {
    // Before the first answer there is nothing to report.
    if (!(error instanceof StartError) || report.lines === 0) throw error;
    report.end = { kind: 'failed', reason: error.message };
  } finally {
    forget();
  }
  progress.finish(report);
  report.print(options.json === true);
  if (report.end.kind !== 'complete' || report.refused > 0) process.exitCode = exitCode.failed;
}

function formOf(path: string): Form | null {
  if (/\.csv$/i.test(path)) return 'csv';
  return /\.(?:ndjson|jsonl)$/i.test(path) ? 'ndjson' : null;
}
