/**
 * Where the protocol meets the store: an effect of an open session becomes calls on the store, and
 * what came of them becomes an outcome. With login-exchange.ts, which does the same before there is a
 * maildrop, the only file of this service that knows both sides.
 *
 * Never: a store error told to a client in the store's words.
 */

import type { Extent, MessageIndex, Outcome } from '@poplar/protocol';
import type { Store } from '@poplar/store';
import type { OpenMaildrop } from '../login/contract.ts';
import { failureBeforeFirstOctet, type Incident } from './outcome-for-error.ts';
import type { ReadAhead } from './read-ahead.ts';
import { type Letter, type MessageSink, type Sent, send } from './send-message.ts';

/** What the worker gives every connection to work with. */
export interface Backends {
  readonly store: Store;
  /** Told of every failure that is not the client's. */
  readonly report: (incident: Incident) => void;
}

/**
 * QUIT: flags what was marked and releases the lock. `updated` means durable. Never rejects.
 */
export async function update(
  backends: Backends,
  maildrop: OpenMaildrop,
  marked: readonly MessageIndex[],
): Promise<Outcome> {
  const { store } = backends;
  const { mailboxId, token, snapshot } = maildrop;
  if (marked.length === 0) {
    await store.close(mailboxId, token);
    return { kind: 'updated' };
  }
  const messageIds: bigint[] = [];
  for (const index of marked) {
    const id = snapshot.messageIds[index];
    if (id !== undefined) messageIds.push(id);
  }
  try {
    const flagged = await store.flag({ mailboxId, token, messageIds });
    if (flagged.kind === 'flagged') return { kind: 'updated' };
    backends.report({ during: 'update', error: new Error('the maildrop lock was lost') });
  } catch (error) {
    backends.report({ during: 'update', error });
    // Whether the flags committed is settled by the token: this release and that commit exclude
    // each other, so it can only free a maildrop, never undo or double anything.
    await store.close(mailboxId, token);
  }
  return { kind: 'not-updated' };
}

const outcomes = {
  sent: { kind: 'message-ends' },
  gone: { kind: 'message-gone' },
  unavailable: { kind: 'message-unavailable' },
  broken: { kind: 'message-broken' },
} as const satisfies Record<Sent, Outcome>;

/** RETR and TOP: the message goes into the sink piece by piece. Never rejects. */
export async function sendMessage(
  backends: Backends,
  letter: Letter,
  sink: MessageSink,
): Promise<Outcome> {
  try {
    return outcomes[await send(backends.store, letter, sink)];
  } catch (error) {
    if (sink.begun) {
      backends.report({ during: 'send-message', error });
      return outcomes.broken;
    }
    const failure = failureBeforeFirstOctet(error);
    if (failure === 'unavailable') backends.report({ during: 'send-message', error });
    return outcomes[failure];
  }
}

/** The message wanted of an open maildrop, and how much of it. */
export function letterOf(
  maildrop: OpenMaildrop,
  readAhead: ReadAhead,
  wanted: { index: MessageIndex; extent: Extent },
): Letter {
  const { extent } = wanted;
  return {
    mailboxId: maildrop.mailboxId,
    snapshot: maildrop.snapshot,
    readAhead,
    index: wanted.index,
    bodyLines: extent.kind === 'top' ? extent.bodyLines : null,
  };
}
