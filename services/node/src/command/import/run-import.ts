/**
 * Moves the messages of all sources into one mailbox, in order, one after the other; the next one is
 * read while the last one is being stored.
 *
 * Never: a message counted before it is durable; a stop in the middle of one.
 */

import { type Destination, deliverMessage } from './deliver-message.ts';
import type { Found, Source } from './found.ts';
import type { Tally } from './tally.ts';

export interface ImportRun {
  readonly sources: readonly Source[];
  readonly destination: Destination;
  readonly tally: Tally;
  /** Aborted: stop behind the message at hand. */
  readonly stopping: AbortSignal;
  /** Called behind each message. */
  readonly onProgress: () => void;
}

/** `stopped`: by the signal. `no-mailbox`: the mailbox went away. Rejects with a StoreError. */
export async function runImport(run: ImportRun): Promise<'complete' | 'stopped' | 'no-mailbox'> {
  for (const source of run.sources) {
    for await (const found of oneAhead(source.messages())) {
      if (run.stopping.aborted) return 'stopped';
      if (!(await takeOver(found, run))) return 'no-mailbox';
      run.onProgress();
    }
  }
  return 'complete';
}

/** False when there is no mailbox any more. */
async function takeOver(found: Found, { destination, tally }: ImportRun): Promise<boolean> {
  const { place, inputOctets } = found;
  if (found.kind === 'skipped') tally.skip(found.reason, place);
  else {
    const delivered = await deliverMessage(found, destination);
    if (delivered.kind === 'no-mailbox') return false;
    if (delivered.kind === 'skipped') tally.skip(delivered.reason, place);
    else {
      tally.imported += 1;
      tally.importedOctets += delivered.octets;
      if (delivered.uidl === 'none') tally.importedWithoutUidl += 1;
      if (delivered.uidl !== 'kept' && found.uidl !== null) tally.renew(place);
    }
  }
  tally.inputOctets += inputOctets;
  return true;
}

/** The same items, the next one being made while the consumer works on the last one. */
async function* oneAhead<Item>(items: AsyncGenerator<Item>): AsyncGenerator<Item> {
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
