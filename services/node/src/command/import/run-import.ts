/**
 * Sends the messages of all sources to the REST API, some in each request, the next ones being read meanwhile.
 *
 * Never: a message counted before it is durable.
 */

import { importRequestMessagesMax, importRequestOctetsMax } from '../limits.ts';
import type { Found, FoundMessage, Source } from './found.ts';
import type { Sender } from './sender.ts';
import type { Tally } from './tally.ts';

export interface ImportRun {
  readonly sources: readonly Source[];
  readonly sender: Sender;
  readonly tally: Tally;
  /** Aborted: stop behind the request at hand. */
  readonly stopping: AbortSignal;
  /** Called behind each request. */
  readonly onProgress: () => void;
}

/** `stopped`: by the signal. Rejects with a StartError. */
export async function runImport(run: ImportRun): Promise<'complete' | 'stopped'> {
  const { sender, tally, stopping, onProgress } = run;
  let some: FoundMessage[] = [];
  let octets = 0;
  const sent = async (isLast: boolean): Promise<void> => {
    await sender.send(some, isLast);
    some = [];
    octets = 0;
    onProgress();
  };
  for (const source of run.sources) {
    for await (const found of oneAhead(source.messages())) {
      if (stopping.aborted) break;
      if (found.kind === 'skipped') {
        tally.leaveOut(found.reason, found.place);
        tally.inputOctets += found.inputOctets;
        continue;
      }
      const isFull = some.length === importRequestMessagesMax;
      if (isFull || (octets > 0 && octets + found.content.length > importRequestOctetsMax)) {
        await sent(false);
      }
      some.push(found);
      octets += found.content.length;
    }
  }
  if (!stopping.aborted) await sent(true);
  if (!stopping.aborted || sender.isComplete) return 'complete';
  await sender.cancel();
  return 'stopped';
}

/** The same items, the next one being made while the consumer works on the last one. */
async function* oneAhead(items: AsyncGenerator<Found>): AsyncGenerator<Found> {
  let next = items.next();
  try {
    while (true) {
      const result = await next;
      if (result.done === true) return;
      next = items.next();
      // Its failure is thrown when it is awaited, not while nobody waits for it.
      next.catch(() => undefined);
      yield result.value;
    }
  } finally {
    await next.catch(() => undefined);
    await items.return(undefined);
  }
}
