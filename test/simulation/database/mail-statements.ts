/**
 * What the statements about messages do, step by step, to the rows of `tables.ts`: flag_messages,
 * confirm_receipt, deliver_message, list_messages and those of the purge. Each follows the text of
 * packages/store/src/statements; model-vs-postgres.test.ts holds it to that.
 */

import type { FlagRequest } from '@poplar/store';
import {
  type DeliverInput,
  type HeldLock,
  type PurgeSlice,
  purgeClaimSeconds,
} from '@poplar/store/testing';
import { binaryArray, float8s, int8, int8Oid, textOid } from './binary-values.ts';
import type { Rows } from './lock-statements.ts';
import type { Row, Steps, Transaction } from './rows.ts';
import { type MessageRow, type ReceiptRow, released, type Tables } from './tables.ts';

/** A statement that the database refuses, with its SQLSTATE. */
export class StatementError extends Error {
  readonly sqlState: string;

  constructor(sqlState: string) {
    super(`SQLSTATE ${sqlState}`);
    this.sqlState = sqlState;
  }
}

const uniqueViolation = '23505';

/** Locks and rewrites the messages that satisfy, when seen and when locked; answers what they were. */
function* change(
  tx: Transaction,
  rows: readonly Row<MessageRow>[],
  rule: {
    readonly satisfies: (message: MessageRow) => boolean;
    readonly becomes: (message: MessageRow) => MessageRow | null;
  },
): Steps<MessageRow[]> {
  const changed: MessageRow[] = [];
  for (const row of rows) {
    const seen = tx.see(row);
    if (seen === null || !rule.satisfies(seen)) continue;
    yield 'step';
    yield* tx.lock(row);
    const message = tx.newest(row);
    if (message === null || !rule.satisfies(message)) continue;
    tx.write(row, rule.becomes(message));
    changed.push(message);
  }
  return changed;
}

export function* flagMessages(tables: Tables, tx: Transaction, input: FlagRequest): Steps<Rows> {
  const { mailboxId, token, messageIds } = input;
  const lockRow = tables.lock.row(mailboxId);
  if (tx.see(lockRow)?.token !== token) return [];
  yield* tx.lock(lockRow);
  const lock = tx.newest(lockRow);
  if (lock?.token !== token) return [];
  tx.write(lockRow, released(lock));
  const flagged = yield* change(
    tx,
    messageIds.map((id) => tables.messageRow(mailboxId, id)),
    {
      satisfies: ({ deletedAtMs }) => deletedAtMs === null,
      becomes: (message) => ({ ...message, deletedAtMs: tx.nowMs, deletedBy: token }),
    },
  );
  const receipt = tables.receiptRow(mailboxId, token);
  yield* tx.lock(receipt);
  if (tx.newest(receipt) !== null) throw new StatementError(uniqueViolation);
  tx.write(receipt, {
    mailboxId,
    token,
    messageIds: flagged.map(({ messageId }) => messageId),
    purgeAfterMs: tx.nowMs,
    claimedUntilMs: null,
    purgedAtMs: flagged.length === 0 ? tx.nowMs : null,
  });
  if (flagged.length > 0) {
    const octets = flagged.reduce((sum, message) => sum + message.octets, 0);
    yield* count(tables, tx, { mailboxId, messages: -flagged.length, octets: -octets });
  }
  return [[String(flagged.length)]];
}

/** Adjusts the counters and the version of a maildrop. */
function* count(
  tables: Tables,
  tx: Transaction,
  by: { readonly mailboxId: string; readonly messages: number; readonly octets: number },
): Steps<void> {
  const row = tables.maildrop.row(by.mailboxId);
  if (tx.see(row) === null) return;
  yield* tx.lock(row);
  const drop = tx.newest(row);
  if (drop === null) return;
  tx.write(row, {
    messages: drop.messages + by.messages,
    octets: drop.octets + by.octets,
    version: drop.version + 1,
  });
}

export function* confirmReceipt(tables: Tables, tx: Transaction, input: HeldLock): Steps<Rows> {
  const row = tables.receiptRow(input.mailboxId, input.token);
  if (tx.see(row) === null) return [];
  yield* tx.lock(row);
  const receipt = tx.newest(row);
  if (receipt === null) return [];
  tx.write(row, { ...receipt });
  return [[String(receipt.messageIds.length)]];
}

/** Locks the maildrops of active mailboxes in the order of their ids; answers those that are there. */
function* openDrops(
  tables: Tables,
  tx: Transaction,
  mailboxIds: readonly string[],
): Steps<Set<string>> {
  const open = new Set<string>();
  const ordered = [...new Set(mailboxIds)].sort((a, b) => Number(BigInt(a) - BigInt(b)));
  for (const mailboxId of ordered) {
    const row = tables.maildrop.row(mailboxId);
    if (tx.see(row) === null || tx.see(tables.mailbox.row(mailboxId))?.isActive !== true) continue;
    yield* tx.lock(row);
    if (tx.newest(row) !== null) open.add(mailboxId);
  }
  return open;
}

function hasUidl(tables: Tables, tx: Transaction, mailboxId: string, uidl: string): boolean {
  // The index is looked at as it is now, not as the snapshot has it.
  return tables.messagesOf(mailboxId).some((row) => tx.newest(row)?.uidl === uidl);
}

export function* deliverMessage(tables: Tables, tx: Transaction, input: DeliverInput): Steps<Rows> {
  const { mailboxIds, guids, prefixes, pieces, uidl } = input;
  const open = yield* openDrops(tables, tx, mailboxIds);
  yield 'step';
  const body = pieces.map((piece) => Buffer.from(piece).toString('latin1')).join('');
  const outcomes: Rows = [];
  const delivered: MessageRow[] = [];
  for (const [index, mailboxId] of mailboxIds.entries()) {
    const isDuplicate = uidl !== null && hasUidl(tables, tx, mailboxId, uidl);
    const taken = isDuplicate ? 'duplicate-uidl' : 'delivered';
    outcomes.push([String(index), open.has(mailboxId) ? taken : 'no-mailbox']);
    if (!open.has(mailboxId)) continue;
    // A value of the sequence is drawn before the index says that there is one already.
    const messageId = tables.messageIds.next();
    if (isDuplicate) continue;
    const prefix = Buffer.from(prefixes[index] ?? []).toString('latin1');
    const row = tables.messageRow(mailboxId, messageId);
    yield* tx.lock(row);
    if (tx.newest(row) !== null) throw new StatementError(uniqueViolation);
    const message: MessageRow = {
      mailboxId,
      messageId,
      guid: guids[index] ?? '',
      uidl,
      octets: input.octets + prefix.length,
      wireOctets: body.length + prefix.length,
      headerOctets: input.headerOctets + prefix.length,
      body: prefix + body,
      deletedAtMs: null,
      deletedBy: null,
    };
    tx.write(row, message);
    delivered.push(message);
  }
  for (const mailboxId of open) {
    const copies = delivered.filter((message) => message.mailboxId === mailboxId);
    if (copies.length === 0) continue;
    const octets = copies.reduce((sum, message) => sum + message.octets, 0);
    yield* count(tables, tx, { mailboxId, messages: copies.length, octets });
  }
  return outcomes;
}

export function* listMessages(tables: Tables, tx: Transaction, input: string): Steps<Rows> {
  yield 'step';
  const drop = tx.see(tables.maildrop.row(input));
  if (drop === null) return [];
  const listed: MessageRow[] = [];
  for (const row of tables.messagesOf(input)) {
    const message = tx.see(row);
    if (message !== null && message.deletedAtMs === null) listed.push(message);
  }
  listed.sort((a, b) => Number(a.messageId - b.messageId));
  const kept = listed.filter(({ uidl }) => uidl !== null);
  const ids = kept.map(({ messageId }) => int8(messageId));
  const uidls = kept.map(({ uidl }) => Buffer.from(uidl ?? ''));
  return [
    [
      int8(BigInt(drop.version)),
      Buffer.concat(listed.map(({ messageId }) => int8(messageId))),
      float8s(listed.map(({ octets }) => octets)),
      float8s(listed.map(({ wireOctets }) => wireOctets)),
      float8s(listed.map(({ headerOctets }) => headerOctets)),
      Buffer.from(listed.map(({ guid }) => guid.replaceAll('-', '')).join(''), 'hex'),
      kept.length === 0 ? null : binaryArray(int8Oid, ids),
      kept.length === 0 ? null : binaryArray(textOid, uidls),
    ],
  ];
}

export function* claimReceipt(tables: Tables, tx: Transaction): Steps<Rows> {
  const due = [...tables.receipt.rows.values()]
    .filter((row) => isClaimable(tx, tx.see(row)))
    .sort((a, b) => (tx.see(a)?.purgeAfterMs ?? 0) - (tx.see(b)?.purgeAfterMs ?? 0));
  for (const row of due) {
    yield 'step';
    if (!tx.tryLock(row)) continue;
    const receipt = tx.newest(row);
    if (receipt === null || !isClaimable(tx, receipt)) continue;
    tx.write(row, { ...receipt, claimedUntilMs: tx.nowMs + purgeClaimSeconds * 1_000 });
    const { mailboxId, token, messageIds } = receipt;
    const uuid = Buffer.from(token.replaceAll('-', ''), 'hex');
    return [[int8(BigInt(mailboxId)), uuid, binaryArray(int8Oid, messageIds.map(int8))]];
  }
  return [];
}

function isClaimable(tx: Transaction, receipt: ReceiptRow | null): boolean {
  return (
    receipt !== null &&
    receipt.purgedAtMs === null &&
    receipt.purgeAfterMs <= tx.nowMs &&
    (receipt.claimedUntilMs === null || receipt.claimedUntilMs < tx.nowMs)
  );
}

export function* purgeMessages(tables: Tables, tx: Transaction, input: PurgeSlice): Steps<Rows> {
  const { mailboxId, token, messageIds } = input;
  const rows = messageIds.map((id) => tables.messageRow(mailboxId, id));
  const gone = yield* change(tx, rows, {
    satisfies: ({ deletedAtMs, deletedBy }) => deletedAtMs !== null && deletedBy === token,
    becomes: () => null,
  });
  return [[String(gone.length)]];
}

export function* markPurged(tables: Tables, tx: Transaction, input: HeldLock): Steps<Rows> {
  const row = tables.receiptRow(input.mailboxId, input.token);
  if (tx.see(row)?.purgedAtMs !== null) return [];
  yield* tx.lock(row);
  const receipt = tx.newest(row);
  if (receipt === null || receipt.purgedAtMs !== null) return [];
  tx.write(row, { ...receipt, purgedAtMs: tx.nowMs });
  return [[input.token]];
}
