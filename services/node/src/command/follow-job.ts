/**
 * `poplar job follow`: how far an import or export is, until it is over; its outcome is the exit code.
 *
 * Never: an end with 0 of a job that did not complete; more than one question an interval.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { exitCode } from '@poplar/runtime';
import { withApi } from './api/access.ts';
import { type ApiClient, explained, type Fields, pathOf, textOf } from './api/client.ts';
import { jobPollMs, progressIntervalMs } from './limits.ts';
import {
  printable,
  printedCount,
  printedMessages,
  printedOctets,
  printJson,
  printLine,
} from './output.ts';
import type { StoreCommandOptions } from './store-access.ts';

export async function followJob(id: string, options: StoreCommandOptions): Promise<void> {
  const job = await withApi(options, (api) => followed(api, id));
  const state = textOf(job.state);
  if (options.json === true) printJson(job);
  else {
    const why = job.error === null ? '' : `: ${printable(textOf(job.error))}`;
    const done = `${printedMessages(Number(job.messages))}, ${printedOctets(Number(job.octets))}`;
    printLine(`job ${id} is ${state} (${done})${why}`);
  }
  if (state !== 'complete') process.exitCode = exitCode.failed;
}

async function followed(api: ApiClient, id: string): Promise<Fields> {
  const { stderr } = process;
  let dueMs = 0;
  for (;;) {
    const job = await explained(api.call('GET', pathOf`/jobs/${id}`), {
      404: `there is no job ${id}`,
    });
    const isOver = textOf(job.state) !== 'running';
    if (stderr.isTTY || isOver || performance.now() >= dueMs) {
      dueMs = performance.now() + progressIntervalMs.lines;
      // Erases the rest of the line (ECMA-48 EL).
      stderr.write(stderr.isTTY ? `\r${progressOf(job)}\u001b[K` : `${progressOf(job)}\n`);
    }
    if (isOver) {
      if (stderr.isTTY) stderr.write('\n');
      return job;
    }
    await sleep(jobPollMs);
  }
}

const barCells = 30;

/** `[#####.....]  50%  640 of 1,280`, or without the bar where nobody knows of how many. */
function progressOf(job: Fields): string {
  const [position, total] = [Number(job.position), Number(job.totalMessages)];
  if (job.totalMessages === null || total === 0) return `${printedCount(position)} done`;
  const share = Math.min(1, position / total);
  const filled = Math.floor(share * barCells);
  const bar = `${'#'.repeat(filled)}${'.'.repeat(barCells - filled)}`;
  return `[${bar}]  ${Math.floor(share * 100)}%  ${printedCount(position)} of ${printedCount(total)}`;
}
