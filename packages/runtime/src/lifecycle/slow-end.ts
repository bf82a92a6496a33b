/**
 * What an end waits for, in the log while it waits: whoever stops a node sees why it takes long, and an
 * end that takes no second says nothing.
 *
 * Never: an end that is held up by being watched; a name or an address of a client.
 */

import { endReportIntervalMs } from '../limits.ts';
import type { Log, LogFields } from '../log/log.ts';

/**
 * Settles as `end` does.
 *
 * @param waitsFor is asked each time; numbers beside it are as they are by then
 */
export async function watchEnd<T>(
  log: Pick<Log, 'info'>,
  waitsFor: string | (() => LogFields & { readonly waitsFor: string }),
  end: Promise<T>,
): Promise<T> {
  const sinceMs = performance.now();
  const timer = setInterval(() => {
    const fields = typeof waitsFor === 'string' ? { waitsFor } : waitsFor();
    log.info({ ...fields, waitedMs: Math.round(performance.now() - sinceMs) }, 'still ending');
  }, endReportIntervalMs);
  try {
    return await end;
  } finally {
    clearInterval(timer);
  }
}
