/**
 * `poplar mailbox export`: all mail of a mailbox on standard output, as an mbox or as a Maildir in a tar archive.
 *
 * Never: mail on a terminal; an end with 0 when what was written is not complete.
 */

import { once } from 'node:events';
import { exitCode, StartError } from '@poplar/runtime';
import type { Command } from 'commander';
import { withApi } from './api/access.ts';
import { type ApiClient, explained, pathOf, queryOf } from './api/client.ts';
import { wordOption } from './closed-list.ts';
import { progressIntervalMs } from './limits.ts';
import { noSuchMailbox } from './mailbox-command.ts';
import { printedOctets } from './output.ts';
import type { StoreCommandOptions } from './store-access.ts';

interface ExportOptions extends StoreCommandOptions {
  readonly format?: 'mbox' | 'maildir';
}

/** Completes `mailbox export ADDRESS`. */
export function registerExportCommand(command: Command): void {
  command
    .addOption(
      wordOption('--format <format>', 'maildir: a tar archive, which keeps the UIDLs', [
        'mbox',
        'maildir',
      ]).default('mbox'),
    )
    .addHelpText('after', '\nIt writes to standard output: send that to a file.')
    .action(exportMail);
}

async function exportMail(address: string, options: ExportOptions): Promise<void> {
  if (process.stdout.isTTY) {
    throw new StartError('the mail would be written to this terminal: send it to a file');
  }
  const octets = await withApi(options, (api) => written(api, address, options));
  if (process.stderr.isTTY) process.stderr.write('\n');
  process.stderr.write(`poplar: exported ${printedOctets(octets)} of ${address}\n`);
}

async function written(
  api: ApiClient,
  address: string,
  { format }: ExportOptions,
): Promise<number> {
  const path = pathOf`/mailboxes/${address}/export`;
  const pieces = await explained(api.stream(`${path}${queryOf({ format })}`), {
    404: noSuchMailbox(address),
  });
  const { stdout, stderr } = process;
  // Who reads is gone: what it has is its own to judge.
  stdout.once('error', () => process.exit(exitCode.failed));
  let octets = 0;
  let dueMs = 0;
  for await (const piece of pieces) {
    if (!stdout.write(piece)) await once(stdout, 'drain');
    octets += piece.byteLength;
    if (!stderr.isTTY || performance.now() < dueMs) continue;
    dueMs = performance.now() + progressIntervalMs.terminal;
    // Erases the rest of the line (ECMA-48 EL).
    stderr.write(`\r${printedOctets(octets)}\u001b[K`);
  }
  return octets;
}
