/**
 * `poplar mailbox import`: mail from elsewhere, with the UIDLs it had there, so that clients do not
 * fetch everything again. What cannot be taken over is skipped and named in the report.
 *
 * Never: input changed; a message left out without a word. What it needs is loaded when it is run.
 */

import type { Command } from 'commander';
import { wordOption } from '../closed-list.ts';
import { formats } from './found.ts';
import type { ImportOptions } from './import-mail.ts';

/** Completes `mailbox import ADDRESS`. */
export function registerImportCommand(command: Command): void {
  command
    .argument('<path...>', '.eml files, folders of .eml files, mbox files, Maildirs')
    .addOption(wordOption('--format <format>', 'what the paths are, instead of looking', formats))
    .option('--progress', 'show progress, also where standard error is not a terminal')
    .addHelpText(
      'after',
      '\nUIDLs are kept from dovecot-uidlist and X-UIDL. A message that is in the mailbox already\n' +
        'under its UIDL is skipped, so an import can be run again; messages without a UIDL are then\n' +
        'imported twice. If another message has its UIDL, it gets a new one.',
    )
    .action(async (address: string, paths: readonly string[], options: ImportOptions) => {
      const { importMail } = await import('./import-mail.ts');
      await importMail(address, paths, options);
    });
}
