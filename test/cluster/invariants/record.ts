/**
 * The log of changes of a real database in the form of the simulation's log: one record a transaction,
 * with the rows as they were when it was done.
 *
 * Never: a row of another table than those the ledger reads.
 */

import type { LoggedChange } from '@poplar/store/testing';
import type { LockRow, MaildropRow, MessageRow } from '../../simulation/database/tables.ts';
import type { LedgerEntry } from '../../simulation/ledger.ts';

type Fields = LoggedChange['row'];

export interface ClusterRecord extends LedgerEntry {
  /** Of its first change. */
  readonly number: number;
  readonly nowMs: number;
}

/** The application that ends sessions and does nothing else to locks. */
const administrator = 'poplar test';

export function recordsOf(changes: readonly LoggedChange[]): ClusterRecord[] {
  const records: ClusterRecord[] = [];
  let from = 0;
  while (from < changes.length) {
    const first = changes[from];
    if (first === undefined) break;
    let to = from;
    while (changes[to]?.transaction === first.transaction) to += 1;
    records.push(recordOf(changes.slice(from, to), first));
    from = to;
  }
  return records;
}

function recordOf(changes: readonly LoggedChange[], first: LoggedChange): ClusterRecord {
  const attempts = new Map<string, string>();
  for (const { table, row } of changes) {
    if (table === 'message_body') attempts.set(messageKey(row), String(row.attempt));
  }
  // The last word on each row.
  const writes = new Map<string, LedgerEntry['writes'][number]>();
  for (const { table, row, isDeleted } of changes) {
    if (table === 'message_body') continue;
    const key = keyOf(table, row);
    const value = isDeleted ? null : rowOf(table, row, attempts);
    writes.set(`${table} ${key}`, { table, key, value });
  }
  const { number, nowMs, application } = first;
  const request = application === administrator ? { name: 'end_session' } : null;
  return { number, nowMs, request, writes: [...writes.values()] };
}

function messageKey(row: Fields): string {
  return `${String(row.mailbox_id)}/${String(row.message_id)}`;
}

function keyOf(table: LoggedChange['table'], row: Fields): string {
  if (table === 'owner') return String(row.owner_id);
  return table === 'message' ? messageKey(row) : String(row.mailbox_id);
}

function rowOf(
  table: LoggedChange['table'],
  row: Fields,
  attempts: ReadonlyMap<string, string>,
): object {
  switch (table) {
    case 'maildrop':
      return maildropOf(row);
    case 'maildrop_lock':
      return lockOf(row);
    case 'message':
      return messageOf(row, attempts.get(messageKey(row)) ?? '');
    default:
      return { leaseUntilMs: Date.parse(String(row.lease_until)) };
  }
}

function maildropOf(row: Fields): MaildropRow {
  const { messages, octets, version } = row;
  return { messages: Number(messages), octets: Number(octets), version: Number(version) };
}

function lockOf(row: Fields): LockRow {
  return {
    token: textOf(row.token),
    ownerId: textOf(row.owner_id),
    ownerEpoch: Number(row.owner_epoch),
    grants: Number(row.grants),
    grantedAtMs: null,
    client: textOf(row.client),
    actorId: textOf(row.actor_id),
  };
}

function messageOf(row: Fields, body: string): MessageRow {
  return {
    mailboxId: String(row.mailbox_id),
    messageId: BigInt(String(row.message_id)),
    guid: String(row.guid),
    uidl: textOf(row.uidl),
    octets: Number(row.octets),
    wireOctets: Number(row.wire_octets),
    headerOctets: Number(row.header_octets),
    body,
    deletedAtMs: row.deleted_at === null ? null : Date.parse(String(row.deleted_at)),
    deletedBy: textOf(row.deleted_by),
  };
}

function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}
