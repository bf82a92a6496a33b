/**
 * `poplar mailbox import`: mail from elsewhere, with the UIDLs it had there, so that clients do not
 * fetch everything again. What cannot be taken over is skipped and named in the report.
 *
 * Never: input changed; a message left out without a word.
 */

import { type Config, exitCode, onSignals, StartError } from '@poplar/runtime';
import { type MailboxDetails, type Store, StoreError } from '@poplar/store';
import { type Command, Option } from 'commander';
import { reasonOf, type StoreCommandOptions, withStore } from '../store-access.ts';
import { type Format, formats, openSource } from './detect.ts';
import type { Source } from './found.ts';
import { ProgressLine } from './progress-line.ts';
import { type ImportEnd, printReport } from './report.ts';
import { runImport } from './run-import.ts';
import { Tally } from './tally.ts';

interface ImportOptions extends StoreCommandOptions {
  readonly format?: Format;
  readonly progress?: true;
}

/** Completes `mailbox import ADDRESS`. */
export function registerImportCommand(command: Command): void {
  command
    .argument('<path...>', '.eml files, folders of .eml files, mbox files, Maildirs')
    .addOption(
      new Option('--format <format>', 'what the paths are, instead of looking').choices(formats),
    )
    .option('--progress', 'show progress, also where standard error is not a terminal')
    .addHelpText(
      'after',
      '\nUIDLs are kept from dovecot-uidlist and X-UIDL. A message that is in the mailbox already\n' +
        'under its UIDL is skipped, so an import can be run again; messages without a UIDL are then\n' +
        'imported twice. If another message has its UIDL, it gets a new one.',
    )
    .action(importMail);
}

async function importMail(
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
    const { tally, end } = await withStore(options, async ({ store, config }) => {
      const mailbox = await activeMailbox(store, address);
      const sources = await openSources(paths, config, options.format);
      const work = { store, config, sources, tally: new Tally(), stopping, options };
      return { tally: work.tally, end: await importInto(mailbox, work) };
    });
    printReport({ address, tally, end, asJson: options.json === true });
    if (end.kind !== 'complete' || tally.hasErrors) process.exitCode = exitCode.failed;
  } finally {
    forget();
  }
}

async function activeMailbox(store: Store, address: string): Promise<MailboxDetails> {
  const mailbox = await store.directory.findMailbox(address);
  if (mailbox === null) throw new StartError(`there is no mailbox ${address}`);
  if (mailbox.status !== 'active') throw new StartError(`mailbox ${address} is ${mailbox.status}`);
  return mailbox;
}

/** All of them before the first message is stored: a mistyped path changes nothing. */
async function openSources(
  paths: readonly string[],
  { limits }: Config,
  format: Format | undefined,
): Promise<Source[]> {
  const sources: Source[] = [];
  for (const path of paths) {
    const { messageOctetsMax } = limits;
    sources.push(
      await openSource(path, { messageOctetsMax, ...(format === undefined ? {} : { format }) }),
    );
  }
  return sources;
}

interface ImportWork {
  readonly store: Store;
  readonly config: Config;
  readonly sources: readonly Source[];
  readonly tally: Tally;
  readonly stopping: AbortController;
  readonly options: ImportOptions;
}

async function importInto(mailbox: MailboxDetails, work: ImportWork): Promise<ImportEnd> {
  const { store, config, sources, tally, stopping, options } = work;
  const totalOctets = sources.reduce((sum, source) => sum + source.totalOctets, 0);
  const isShown = options.progress === true || process.stderr.isTTY;
  const progress = isShown ? new ProgressLine(process.stderr, totalOctets) : null;
  try {
    const kind = await runImport({
      sources,
      destination: {
        store,
        mailboxId: mailbox.mailboxId,
        messageOctetsMax: config.limits.messageOctetsMax,
      },
      tally,
      stopping: stopping.signal,
      onProgress: () => progress?.update(tally),
    });
    return { kind };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { kind: 'failed', reason: reasonOf(error) };
  } finally {
    tally.end();
    progress?.finish(tally);
  }
}
