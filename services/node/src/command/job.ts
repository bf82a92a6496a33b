/**
 * `poplar job`: imports and exports that run or ran, how far they are, and their end.
 */

import type { Command } from 'commander';
import { withApi } from './api/access.ts';
import { explained, type Fields, pathOf, queryOf, textOf } from './api/client.ts';
import { followJob } from './follow-job.ts';
import { addressArgument, countArgument, idArgument } from './names.ts';
import {
  printable,
  printedCount,
  printedMessages,
  printedOctets,
  printedTime,
  printFields,
  printJson,
  printLine,
  printRows,
} from './output.ts';
import { type StoreCommandOptions, withStoreOptions } from './store-access.ts';

interface ListOptions extends StoreCommandOptions {
  readonly address?: string;
  readonly limit?: number;
}

export function registerJobCommands(program: Command): void {
  const job = program.command('job').description('imports and exports, how far they are');
  withStoreOptions(job.command('list').description('list them, the latest first'))
    .option('--address <address>', 'only those of this mailbox', addressArgument)
    .option('--limit <count>', 'so many at most', countArgument, 50)
    .action(listJobs);
  const one = (name: string, description: string) =>
    withStoreOptions(job.command(name).description(description)).argument(
      '<id>',
      'as job list shows it',
      idArgument,
    );
  one('show', 'show one').action(showJob);
  one('follow', 'show how far one is until it is over; ends with 0 if it is complete').action(
    followJob,
  );
  one('cancel', 'end one; what an import has stored stays').action(cancelJob);
}

async function listJobs({ address, limit, ...options }: ListOptions): Promise<void> {
  await withApi(options, (api) =>
    printRows<Fields>({
      pages: api.pages(`/jobs${queryOf({ address })}`, limit),
      columns: [
        { title: 'ID', text: ({ jobId }) => textOf(jobId), right: true, widthMin: 5 },
        { title: 'KIND', text: ({ kind }) => textOf(kind), widthMin: 6 },
        { title: 'ADDRESS', text: (row) => textOf(row.address), widthMin: 30 },
        { title: 'STATE', text: ({ state }) => textOf(state), widthMin: 11 },
        { title: 'MESSAGES', text: ({ messages }) => count(messages), right: true, widthMin: 10 },
        { title: 'BEGUN', text: ({ createdAt }) => printedTime(createdAt, ''), widthMin: 20 },
      ],
      json: (row) => row,
      asJson: options.json === true,
      none: 'no jobs',
    }),
  );
}

async function showJob(id: string, options: StoreCommandOptions): Promise<void> {
  const job = await withApi(options, (api) =>
    explained(api.call('GET', pathOf`/jobs/${id}`), { 404: `there is no job ${id}` }),
  );
  if (options.json === true) {
    printJson(job);
    return;
  }
  const of = job.totalMessages === null ? '' : ` of ${count(job.totalMessages)}`;
  const skipped = Object.entries(Object(job.skipped)).map(
    ([reason, messages]) => `${count(messages)} ${reason}`,
  );
  printFields([
    ['job', `${textOf(job.kind)} of ${textOf(job.address)}, ${textOf(job.format)}`],
    ['state', textOf(job.state) + (job.error === null ? '' : `: ${printable(textOf(job.error))}`)],
    ['done', `${count(job.position)}${of}`],
    ['messages', `${count(job.messages)} (${printedOctets(Number(job.octets))})`],
    ...(skipped.length === 0 ? [] : [['skipped', skipped.join(', ')] as const]),
    ['begun', `${printedTime(job.createdAt, '')} by ${printable(textOf(job.actor))}`],
    ['last heard', `${printedTime(job.updatedAt, '')} of node ${printable(textOf(job.node))}`],
    ...(job.finishedAt === null ? [] : [['ended', printedTime(job.finishedAt, '')] as const]),
  ]);
}

async function cancelJob(id: string, options: StoreCommandOptions): Promise<void> {
  const job = await withApi(options, (api) =>
    explained(api.call('POST', pathOf`/jobs/${id}/cancel`), { 404: `there is no job ${id}` }),
  );
  const state = textOf(job.state);
  if (options.json === true) printJson({ jobId: id, state });
  else printLine(`job ${id} cancelled after ${printedMessages(Number(job.messages))}`);
}

function count(value: unknown): string {
  return printedCount(Number(value));
}
