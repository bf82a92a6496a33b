/**
 * The tables of the store that the simulation knows, with the columns that decide anything or that
 * people look at. Bodies are kept as the text of their pieces; the domain has no login delay and no
 * undelete window.
 */

import { type Row, Table } from './rows.ts';

export interface MailboxRow {
  readonly credentialVersion: string;
  readonly isActive: boolean;
}

export interface OwnerRow {
  readonly ownerId: string;
  readonly nodeName: string;
  readonly bootId: string;
  readonly epoch: number;
  readonly leaseUntilMs: number;
  readonly sessions: number;
  readonly draining: boolean;
}

export interface LockRow {
  readonly token: string | null;
  readonly ownerId: string | null;
  readonly ownerEpoch: number;
  readonly grants: number;
  readonly grantedAtMs: number | null;
  readonly client: string | null;
  readonly actorId: string | null;
}

export interface MaildropRow {
  readonly messages: number;
  readonly octets: number;
  readonly version: number;
}

export interface MessageRow {
  readonly mailboxId: string;
  readonly messageId: bigint;
  readonly guid: string;
  readonly uidl: string | null;
  readonly octets: number;
  readonly wireOctets: number;
  readonly headerOctets: number;
  readonly body: string;
  readonly deletedAtMs: number | null;
  readonly deletedBy: string | null;
}

export interface ReceiptRow {
  readonly mailboxId: string;
  readonly token: string;
  readonly messageIds: readonly bigint[];
  readonly purgeAfterMs: number;
  readonly claimedUntilMs: number | null;
  readonly purgedAtMs: number | null;
}

/** PostgreSQL logs a sequence this many values ahead: they are skipped, never given twice, in recovery. */
const sequenceAhead = 32n;

/**
 * `message_id_seq`. Values are not part of a transaction; only that a run of them may be used is
 * logged, in the order of the log.
 */
export class Sequence {
  last: bigint;
  loggedUpTo: bigint;
  readonly #log: (upTo: bigint) => void;

  constructor(last: bigint, log: (upTo: bigint) => void) {
    this.last = last;
    this.loggedUpTo = last;
    this.#log = log;
  }

  next(): bigint {
    this.last += 1n;
    if (this.last > this.loggedUpTo) {
      this.loggedUpTo = this.last + sequenceAhead;
      this.#log(this.loggedUpTo);
    }
    return this.last;
  }
}

export class Tables {
  readonly mailbox = new Table<MailboxRow>('mailbox');
  readonly owner = new Table<OwnerRow>('owner');
  readonly lock = new Table<LockRow>('maildrop_lock');
  readonly maildrop = new Table<MaildropRow>('maildrop');
  readonly message = new Table<MessageRow>('message');
  readonly receipt = new Table<ReceiptRow>('quit_receipt');
  readonly messageIds: Sequence;
  /** Rows of each mailbox in the order in which they came. */
  readonly #messagesOf = new Map<string, Row<MessageRow>[]>();

  constructor(messageIds: Sequence) {
    this.messageIds = messageIds;
  }

  messageRow(mailboxId: string, messageId: bigint): Row<MessageRow> {
    const key = `${mailboxId}/${messageId}`;
    const known = this.message.rows.get(key);
    if (known !== undefined) return known;
    const row = this.message.row(key);
    this.messagesOf(mailboxId).push(row);
    return row;
  }

  messagesOf(mailboxId: string): Row<MessageRow>[] {
    let rows = this.#messagesOf.get(mailboxId);
    if (rows === undefined) {
      rows = [];
      this.#messagesOf.set(mailboxId, rows);
    }
    return rows;
  }

  receiptRow(mailboxId: string, token: string): Row<ReceiptRow> {
    return this.receipt.row(`${mailboxId}/${token}`);
  }

  /** The row that a record of the log is about. */
  find(table: string, key: string): Row<never> {
    if (table === 'message') {
      const [mailboxId = '', messageId = ''] = key.split('/');
      return this.messageRow(mailboxId, BigInt(messageId)) as Row<never>;
    }
    const tables = [this.mailbox, this.owner, this.lock, this.maildrop, this.receipt] as const;
    const found = tables.find(({ name }) => name === table);
    if (found === undefined) throw new Error(`no table ${table}`);
    return found.row(key) as Row<never>;
  }

  addMailbox(mailboxId: string): void {
    put(this.mailbox.row(mailboxId), { credentialVersion: '1', isActive: true });
    put(this.maildrop.row(mailboxId), { messages: 0, octets: 0, version: 1 });
    put(this.lock.row(mailboxId), freeLock);
  }
}

export const freeLock: LockRow = {
  token: null,
  ownerId: null,
  ownerEpoch: 0,
  grants: 0,
  grantedAtMs: null,
  client: null,
  actorId: null,
};

/** What a lock becomes when it is released. */
export function released(lock: LockRow): LockRow {
  return { ...lock, token: null, ownerId: null, client: null, actorId: null };
}

/** As if it had always been there. */
function put<Value extends object>(row: Row<Value>, value: Value): void {
  row.versions.push({ commit: 0, value });
}
