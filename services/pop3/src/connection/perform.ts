/**
 * Where the protocol meets the store: an effect of the POP3 session becomes calls on the store and
 * the verifier, and what came of them becomes an outcome. The only file of this service that knows
 * both sides.
 *
 * Never: a lock before the secret was verified; a lock kept when opening failed; a store error told
 * to a client in the store's words.
 */

import { randomUUID } from 'node:crypto';
import type { Verifier } from '@poplar/identity';
import { canonicalAddress } from '@poplar/identity';
import type { Attempt, Extent, MessageIndex, Outcome } from '@poplar/protocol';
import { type Login, type MailboxId, type Snapshot, type Store, StoreError } from '@poplar/store';
import { staleCredentialTriesMax } from '../limits.ts';
import { failureBeforeFirstOctet, type Incident } from './outcome-for-error.ts';
import type { ReadAhead } from './read-ahead.ts';
import { type Letter, type MessageSink, type Sent, send } from './send-message.ts';

/** A maildrop this session holds the lock of. */
export interface OpenMaildrop {
  readonly mailboxId: MailboxId;
  readonly address: string;
  readonly token: string;
  readonly snapshot: Snapshot;
}

/** What the worker gives every connection to work with. */
export interface Backends {
  readonly store: Store;
  readonly verifier: Verifier;
  /** The worker's owner row; it changes when its lease was lost. */
  readonly ownerId: () => string;
  /** Told of every failure that is not the client's. */
  readonly report: (incident: Incident) => void;
}

export type Authenticated =
  | { readonly kind: 'opened'; readonly maildrop: OpenMaildrop }
  | Extract<Outcome, { kind: 'refused' }>;

type Refused = Extract<Outcome, { kind: 'refused' }>;

const wrongCredentials: Refused = { kind: 'refused', refusal: 'credentials' };
const temporary: Refused = { kind: 'refused', refusal: 'temporary' };
const disabled: Refused = { kind: 'refused', refusal: 'disabled' };
const inUse: Refused = { kind: 'refused', refusal: 'in-use' };

/**
 * Verifies an attempt and opens the maildrop. Credentials that change in between are read and
 * verified again, so that an old password never opens anything. `source` is where the client is, for
 * the verifier to be fair to. Never rejects.
 */
export async function authenticate(
  backends: Backends,
  attempt: Attempt,
  source: string,
): Promise<Authenticated> {
  try {
    for (let tries = 0; tries < staleCredentialTriesMax; tries += 1) {
      const result = await tryOnce(backends, attempt, source);
      if (result !== 'stale-credentials') return result;
    }
    return temporary;
  } catch (error) {
    backends.report({ during: 'authenticate', error });
    // An outage is never told as a wrong password: clients would forget theirs (RFC 3206 §4).
    return temporary;
  }
}

async function tryOnce(
  backends: Backends,
  attempt: Attempt,
  source: string,
): Promise<Authenticated | 'stale-credentials'> {
  const login = await findLogin(backends.store, attempt);
  const stored = login?.credentials.map(({ secret }) => secret) ?? [];
  const { verdict } = await backends.verifier.verify(attempt.secret, stored, source);
  if (verdict === 'overloaded') return temporary;
  if (verdict === 'unusable') {
    const error = new Error('a stored credential has an unknown or unsafe form');
    backends.report({ during: 'authenticate', error });
  }
  if (verdict !== 'match' || login === null) return wrongCredentials;
  if (!login.enabled) return disabled;
  return openMaildrop(backends, login);
}

/** A name that cannot be one of ours is treated like one that is unknown: same path, same time. */
async function findLogin(store: Store, attempt: Attempt): Promise<Login | null> {
  const name = canonicalAddress(attempt.authenticationId);
  if (name === null) return null;
  // Acting as someone else needs a grant, and there are none yet (RFC 4616 §2).
  if (attempt.authorizationId !== '' && canonicalAddress(attempt.authorizationId) !== name) {
    return null;
  }
  return store.findLogin(name);
}

async function openMaildrop(
  backends: Backends,
  login: Login,
): Promise<Authenticated | 'stale-credentials'> {
  const { store } = backends;
  const { mailboxId, address } = login;
  const token = randomUUID();
  const ownerId = backends.ownerId();
  const opened = await store.open({
    mailboxId,
    credentialVersion: login.credentialVersion,
    ownerId,
    token,
  });
  if (opened.kind === 'stale-credentials') return 'stale-credentials';
  if (opened.kind === 'in-use') return inUse;
  if (opened.kind === 'disabled') return disabled;
  try {
    const snapshot = await store.snapshot(mailboxId, opened.version, opened.messages);
    // The lease or the lock was lost meanwhile: nobody else would tell this session.
    if (backends.ownerId() !== ownerId || !store.holdsLock(ownerId, token)) throw leaseLost();
    return { kind: 'opened', maildrop: { mailboxId, address, token, snapshot } };
  } catch (error) {
    // RFC 1939 §4: a lock acquired is released before -ERR is said.
    await store.close(mailboxId, token);
    throw error;
  }
}

function leaseLost(): StoreError {
  return new StoreError('OWNER_EXPIRED', 'the lease of this worker was lost while it opened');
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
