/**
 * One list of operations on both databases: every answer, every wait and the tables in the end must be
 * the same.
 */

import assert from 'node:assert/strict';
import {
  askOwners,
  beginEpoch,
  claimReceipt,
  confirmReceipt,
  deleteFormerOwners,
  deleteOwner,
  deliverMessage,
  endSession,
  findHeldLocks,
  flagMessages,
  insertOwner,
  listMessages,
  markPurged,
  purgeMessages,
  readOpened,
  readRefused,
  releaseLocks,
  renewOwners,
  type TableDump,
  takeLocks,
} from '@poplar/store/testing';
import { Chance } from '../chance.ts';
import { type AnyStatement, ModelSide, type Said } from './model-side.ts';
import { mailboxIds, type Operation, operationsOf } from './operations.ts';
import type { PostgresSide } from './postgres-side.ts';

const statements: readonly AnyStatement[] = [
  ...[askOwners, beginEpoch, claimReceipt, confirmReceipt, deleteFormerOwners, deleteOwner],
  ...[deliverMessage, endSession, findHeldLocks, flagMessages, insertOwner, listMessages],
  ...[markPurged, purgeMessages, readOpened, readRefused, releaseLocks, renewOwners],
  takeLocks,
];

const operationsMax = 24;

/** A statement with another text. */
export interface ChangedText {
  readonly name: string;
  readonly find: string;
  readonly replace: string;
}

function statementNamed(name: string, changed: ChangedText | null): AnyStatement {
  const statement = statements.find((one) => one.name === name);
  assert.ok(statement !== undefined, name);
  if (changed?.name !== name) return statement;
  assert.equal(statement.text.split(changed.find).length, 2, `${name} has once: ${changed.find}`);
  return { ...statement, text: statement.text.replace(changed.find, () => changed.replace) };
}

/** Throws where they differ. @param changed what PostgreSQL is asked instead of the store's text */
export async function compare(
  seed: number,
  postgres: PostgresSide,
  changed: ChangedText | null = null,
): Promise<void> {
  await postgres.reset(mailboxIds);
  const model = new ModelSide(mailboxIds);
  const done: string[] = [];
  const told = (what: string) => `seed ${seed}: ${what} after\n${done.join('\n')}`;
  for (const operation of operationsOf(new Chance(seed), operationsMax)) {
    done.push(brief(operation));
    const [ofModel, ofPostgres] = await onBoth(operation, { model, postgres, changed });
    const expected = comparable(ofModel);
    assert.deepEqual(comparable(ofPostgres), expected, told('PostgreSQL and the model differ'));
  }
  assert.deepEqual(sorted(await postgres.dump()), sorted(model.dump()), told('the tables differ'));
}

async function onBoth(
  operation: Operation,
  on: { model: ModelSide; postgres: PostgresSide; changed: ChangedText | null },
): Promise<[Said | null, Said | null]> {
  const { model, postgres, changed } = on;
  if (operation.kind === 'end-lease') {
    model.endLease(operation.ownerId);
    await postgres.endLease(operation.ownerId);
    return [null, null];
  }
  if (operation.kind === 'finish') {
    const { side, how } = operation;
    return [model.finish(how), await postgres.finish(side, how)];
  }
  const { side, request, isHeld } = operation;
  const statement = statementNamed(request.name, changed);
  const said = model.run(request, statement, isHeld);
  return [said, await postgres.run(side, { statement, input: request.input, isHeld })];
}

/** Rows in no order: where one matters, a row says which it is. */
function comparable(said: Said | null): unknown {
  if (said === null || said === 'waits' || 'error' in said) return said;
  return said.rows.map(brief).sort();
}

function sorted(dump: TableDump): unknown {
  return Object.entries(dump).map(([table, rows]) => [table, rows.map(textOf).sort()]);
}

function textOf(row: Record<string, unknown>): string {
  const { ids } = row;
  const known = Array.isArray(ids) ? { ...row, ids: [...ids].sort() } : row;
  return brief(Object.fromEntries(Object.entries(known).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** Times are nobody's business here. */
function brief(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => {
    if (key === 'since') return undefined;
    return typeof inner === 'bigint' ? String(inner) : inner;
  });
}
