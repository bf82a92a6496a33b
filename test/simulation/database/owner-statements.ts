/**
 * What the statements about owners do, step by step, to the rows of `tables.ts`: insert_owner,
 * renew_owners, delete_owner and delete_former_owners. No node is to be drained here.
 */

import { leaseSeconds, type NewOwner } from '@poplar/store';
import type { FormerOwners, Renewal } from '@poplar/store/testing';
import { bool, type Rows } from './lock-statements.ts';
import type { Steps, Transaction } from './rows.ts';
import type { Tables } from './tables.ts';

const leaseMs = leaseSeconds * 1_000;

export function* insertOwner(tables: Tables, tx: Transaction, input: NewOwner): Steps<Rows> {
  const { ownerId, nodeName, bootId } = input;
  const row = tables.owner.row(ownerId);
  yield* tx.lock(row);
  const leaseUntilMs = tx.nowMs + leaseMs;
  const idle = { epoch: 0, leaseUntilMs, sessions: 0, draining: false };
  tx.write(row, { ownerId, nodeName, bootId, ...idle });
  return [[ownerId]];
}

export function* renewOwners(tables: Tables, tx: Transaction, input: Renewal): Steps<Rows> {
  const { draining } = input;
  const renewed: Rows = [];
  for (const { ownerId, sessions } of input.workers) {
    const row = tables.owner.row(ownerId);
    if (tx.see(row) === null) continue;
    yield* tx.lock(row);
    const owner = tx.newest(row);
    if (owner === null) continue;
    tx.write(row, { ...owner, leaseUntilMs: tx.nowMs + leaseMs, sessions, draining });
    renewed.push([ownerId, bool(owner.leaseUntilMs < tx.nowMs), 'f']);
  }
  return renewed;
}

function* deleteOwners(tables: Tables, tx: Transaction, ownerIds: readonly string[]): Steps<Rows> {
  const deleted: Rows = [];
  for (const ownerId of ownerIds) {
    const row = tables.owner.row(ownerId);
    if (tx.see(row) === null) continue;
    yield* tx.lock(row);
    if (tx.newest(row) === null) continue;
    tx.write(row, null);
    deleted.push([ownerId]);
  }
  return deleted;
}

export function deleteOwner(tables: Tables, tx: Transaction, input: string): Steps<Rows> {
  return deleteOwners(tables, tx, [input]);
}

export function deleteFormerOwners(
  tables: Tables,
  tx: Transaction,
  input: FormerOwners,
): Steps<Rows> {
  const former = [...tables.owner.rows.values()].filter((row) => {
    const owner = tx.see(row);
    return owner?.nodeName === input.nodeName && owner.bootId !== input.exceptBootId;
  });
  return deleteOwners(
    tables,
    tx,
    former.map(({ key }) => key),
  );
}
