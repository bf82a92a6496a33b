/**
 * What `poplar mailbox import` does: looks at its input, sends it, tells how far it is and what became of it.
 *
 * Never: less told than happened, also after a stop or a failure.
 */

import { exitCode, onSignals, StartError } from '@poplar/runtime';
import { withApi } from '../api/access.ts';
import { configured, type StoreCommandOptions } from '../store-access.ts';
import { openSource } from './detect.ts';
import type { Format, Source } from './found.ts';
import { ProgressLine } from './progress-line.ts';
import { type ImportEnd, printReport } from './report.ts';
import { runImport } from './run-import.ts';
import { Sender } from './sender.ts';
import { Tally } from './tally.ts';

export interface ImportOptions extends StoreCommandOptions {
  readonly format?: Format;
  readonly progress?: true;
}

/** Throws StartError when nothing was imported. */
export async function importMail(
  address: string,
  paths: readonly string[],
  options: ImportOptions,
): Promise<void> {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  const forget = onSignals({
    drain: stop,
    exitNow: () => process.exit(exitCode.failed),
    reload: null,
  });
  try {
    const sources = await openSources(paths, options);
    const tally = new Tally();
    const end = await withApi(options, (api) => {
      const sender = new Sender(api, address, tally);
      return importFrom({ sources, sender, tally, stopping: stopping.signal }, options);
    });
    printReport({ address, tally, end, asJson: options.json === true });
    if (end.kind !== 'complete' || tally.hasErrors) process.exitCode = exitCode.failed;
  } finally {
    forget();
  }
}

/** All of them before the first message is sent: a mistyped path changes nothing. */
async function openSources(paths: readonly string[], options: ImportOptions): Promise<Source[]> {
  const { messageOctetsMax } = configured(options).limits;
  const { format } = options;
  const sources: Source[] = [];
  for (const path of paths) {
    sources.push(
      await openSource(path, { messageOctetsMax, ...(format === undefined ? {} : { format }) }),
    );
  }
  return sources;
}

interface ImportWork {
  readonly sources: readonly Source[];
  readonly sender: Sender;
  readonly tally: Tally;
  readonly stopping: AbortSignal;
}

async function importFrom(work: ImportWork, options: ImportOptions): Promise<ImportEnd> {
  const { sources, tally } = work;
  const totalOctets = sources.reduce((sum, source) => sum + source.totalOctets, 0);
  const isShown = options.progress === true || process.stderr.isTTY;
  const progress = isShown ? new ProgressLine(process.stderr, totalOctets) : null;
  let hasBegun = false;
  const onProgress = () => {
    hasBegun = true;
    progress?.update(tally);
  };
  try {
    return { kind: await runImport({ ...work, onProgress }) };
  } catch (error) {
    // Before anything was stored there is nothing to report.
    if (!(error instanceof StartError) || (!hasBegun && tally.imported === 0)) throw error;
    return { kind: 'failed', reason: error.message };
  } finally {
    tally.end();
    if (hasBegun) progress?.finish(tally);
  }
}
