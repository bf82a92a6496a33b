/**
 * What the statements about locks do, step by step, to the rows of `tables.ts`: take_locks, read_opened,
 * read_refused, begin_epoch, release_locks, find_held_locks, ask_owners and end_session. Each follows the
 * text of packages/store/src/statements; model-vs-postgres.test.ts holds it to that.
 *
 * Where a text locks rows it looks at a row twice: as its snapshot has it, which decides whether it is
 * looked at again at all, and as it is when it is locked. Everything else is seen by the snapshot.
 */

import type { Field, HeldLock, LockRequest, NewEpoch, SessionToEnd } from '@poplar/store/testing';
import type { Steps, Transaction } from './rows.ts';
import { type LockRow, type OwnerRow, released, type Tables } from './tables.ts';

export type Rows = Field[][];

export const bool = (value: boolean): string => (value ? 't' : 'f');

/** In the order of their ids, as a text says by `order by mailbox_id`. */
function byMailbox<T extends { readonly mailboxId: string }>(list: readonly T[]): T[] {
  return [...list].sort((a, b) => Number(BigInt(a.mailboxId) - BigInt(b.mailboxId)));
}

/** Whether this lock is held: its owner's lease runs and its epoch is the owner's. */
function isHeld(tables: Tables, tx: Transaction, lock: LockRow): boolean {
  if (lock.token === null) return false;
  const owner = tx.see(tables.owner.row(lock.ownerId ?? ''));
  return owner !== null && owner.epoch <= lock.ownerEpoch && owner.leaseUntilMs > tx.nowMs;
}

/** Whether the asking worker's lease runs in the epoch it thinks it is in. */
function isCurrent(tables: Tables, tx: Transaction, { ownerId, epoch }: LockRequest): boolean {
  const owner = tx.see(tables.owner.row(ownerId));
  return owner !== null && String(owner.epoch) === epoch && owner.leaseUntilMs > tx.nowMs;
}

function mayOpen(tables: Tables, tx: Transaction, request: LockRequest): boolean {
  const actor = tx.see(tables.mailbox.row(request.actorId));
  const mailbox = tx.see(tables.mailbox.row(request.mailboxId));
  return (
    actor?.isActive === true &&
    actor.credentialVersion === request.credentialVersion &&
    mailbox?.isActive === true
  );
}

function mayTake(tables: Tables, tx: Transaction, lock: LockRow | null): boolean {
  if (lock === null) return false;
  if (lock.token === null) return true;
  const isKnown = lock.grantedAtMs !== null && lock.grantedAtMs <= tx.nowMs;
  return isKnown && !isHeld(tables, tx, lock);
}

export function* takeLocks(
  tables: Tables,
  tx: Transaction,
  input: readonly LockRequest[],
): Steps<Rows> {
  const free: LockRequest[] = [];
  for (const request of byMailbox(input)) {
    if (!isCurrent(tables, tx, request) || !mayOpen(tables, tx, request)) continue;
    const row = tables.lock.row(request.mailboxId);
    if (!mayTake(tables, tx, tx.see(row))) continue;
    yield 'step';
    if (!tx.tryLock(row)) continue;
    if (mayTake(tables, tx, tx.newest(row))) free.push(request);
  }
  const taken: Rows = [];
  for (const request of free) {
    const { mailboxId, token, ownerId, epoch } = request;
    const row = tables.lock.row(mailboxId);
    const isStolen = (tx.newest(row)?.token ?? null) !== null;
    tx.write(row, {
      token,
      ownerId,
      ownerEpoch: Number(epoch),
      grants: (tx.newest(row)?.grants ?? 0) + 1,
      grantedAtMs: tx.nowMs,
      client: request.client === undefined || request.client === '' ? null : request.client,
      actorId: request.actorId === mailboxId ? null : request.actorId,
    });
    taken.push([token, bool(isStolen)]);
  }
  return taken;
}

export function* readOpened(
  tables: Tables,
  tx: Transaction,
  input: readonly LockRequest[],
): Steps<Rows> {
  yield 'step';
  return input.map((request, index) => {
    const actor = tx.see(tables.mailbox.row(request.actorId));
    const mailbox = tx.see(tables.mailbox.row(request.mailboxId));
    const drop = tx.see(tables.maildrop.row(request.mailboxId));
    return [
      String(index),
      actor?.credentialVersion ?? null,
      bool(actor?.isActive === true && mailbox?.isActive === true),
      String(drop?.version ?? 0),
      String(drop?.messages ?? 0),
      '0',
    ];
  });
}

export function* readRefused(
  tables: Tables,
  tx: Transaction,
  input: readonly LockRequest[],
): Steps<Rows> {
  yield 'step';
  return input.map((request, index) => [String(index), bool(isCurrent(tables, tx, request)), 'f']);
}

export function* beginEpoch(tables: Tables, tx: Transaction, input: NewEpoch): Steps<Rows> {
  const ownerRow = tables.owner.row(input.ownerId);
  const epoch = Number(input.epoch);
  const isEarlier = (owner: OwnerRow | null) => owner !== null && owner.epoch < epoch;
  if (!isEarlier(tx.see(ownerRow))) return [];
  yield* tx.lock(ownerRow);
  const owner = tx.newest(ownerRow);
  if (owner === null || !isEarlier(owner)) return [];
  tx.write(ownerRow, { ...owner, epoch });
  const held: Rows = [];
  for (const { mailboxId, token } of byMailbox(input.locks)) {
    const row = tables.lock.row(mailboxId);
    if (tx.see(row)?.token !== token) continue;
    yield 'step';
    yield* tx.lock(row);
    const lock = tx.newest(row);
    if (lock?.token !== token) continue;
    tx.write(row, { ...lock, ownerEpoch: epoch });
    held.push([String(epoch), token]);
  }
  return held.length === 0 ? [[String(epoch), null]] : held;
}

export function* releaseLocks(
  tables: Tables,
  tx: Transaction,
  input: readonly HeldLock[],
): Steps<Rows> {
  const freed: Rows = [];
  for (const { mailboxId, token } of byMailbox(input)) {
    const row = tables.lock.row(mailboxId);
    if (tx.see(row)?.token !== token) continue;
    yield 'step';
    if (!tx.tryLock(row)) continue;
    const lock = tx.newest(row);
    if (lock?.token !== token) continue;
    tx.write(row, released(lock));
    freed.push([token]);
  }
  return freed;
}

export function* findHeldLocks(
  tables: Tables,
  tx: Transaction,
  input: readonly HeldLock[],
): Steps<Rows> {
  yield 'step';
  return input
    .filter(({ mailboxId, token }) => tx.see(tables.lock.row(mailboxId))?.token === token)
    .map(({ token }) => [token]);
}

export function* askOwners(tables: Tables, tx: Transaction, input: readonly string[]): Steps<Rows> {
  yield 'step';
  const asked: Rows = [];
  for (const mailboxId of input) {
    const lock = tx.see(tables.lock.row(mailboxId));
    if (lock === null || lock.token === null || lock.ownerId === null) continue;
    tx.notifications.push(`check ${lock.ownerId} ${mailboxId}`);
    asked.push([mailboxId, '']);
  }
  return asked;
}

/** A mailbox's address is its id in the one domain there is. */
export function addressOf(mailboxId: string): string {
  return `${mailboxId}@example.org`;
}

export function* endSession(tables: Tables, tx: Transaction, input: SessionToEnd): Steps<Rows> {
  const mailboxId = input.address.slice(0, input.address.indexOf('@'));
  const row = tables.lock.row(mailboxId);
  const held = tx.see(row);
  const owner = tx.see(tables.owner.row(held?.ownerId ?? ''));
  if (held?.token == null || owner === null || !isHeld(tables, tx, held)) return [];
  if (input.isBroken) {
    yield* tx.lock(row);
    const lock = tx.newest(row);
    if (lock?.token !== held.token) return [];
    tx.write(row, released(lock));
  }
  tx.notifications.push(`end ${held.ownerId} ${mailboxId}`);
  const since = String(held.grantedAtMs ?? 0);
  return [[mailboxId, held.token, owner.nodeName, '0', since, held.client, '']];
}
