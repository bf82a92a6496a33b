/**
 * Gives out the messages that a mailbox has when it begins, in their order: as an mbox, or as a Maildir in a tar
 * archive with the UIDLs of all of them in its `dovecot-uidlist`. No lock is taken: what a QUIT removes meanwhile
 * may be missing, and what comes meanwhile is not in it.
 *
 * Never: a message without its end; an archive that ends well when something is missing for another reason.
 */

import {
  giveBack,
  type JobProgress,
  type MailboxId,
  type Store,
  type StoredMessage,
} from '@poplar/store';
import { Problem } from '../problem.ts';
import { exportPageRows, exportSliceOctets, maildirMessagesMax } from './limits.ts';
import { fromLine, plainText } from './mail-text.ts';
import { tarEnd, tarFile } from './tar-writer.ts';

type ExportFormat = 'mbox' | 'maildir';

export interface ExportWork {
  readonly store: Store;
  readonly mailboxId: MailboxId;
  readonly format: ExportFormat;
  /** Hears how far it is; rejects when it must not go on. */
  readonly advanced: (progress: JobProgress) => Promise<void>;
}

const smallOctets = 128 * 1024;
const bodiesAtOnceMax = 64;

export async function* mailOf(work: ExportWork): AsyncGenerator<Uint8Array> {
  const last = await work.store.directory.lastMessageOf(work.mailboxId);
  if (work.format === 'maildir') yield* await uidListFile(work, last);
  const progress = { handled: 0, messages: 0, octets: 0, withoutUidl: 0, newUidls: 0, skipped: {} };
  for await (const rows of pagesOf(work, last)) {
    for (const group of groupsOf(rows)) {
      for (const [row, body] of await bodiesOf(work, group)) {
        progress.handled += 1;
        // Purged since it was listed.
        if (body === null) continue;
        yield* work.format === 'mbox' ? mboxMessage(row, body) : maildirMessage(row, body);
        giveBack(body);
        progress.messages += 1;
        progress.octets += row.octets;
      }
      await work.advanced({ ...progress });
    }
  }
  if (work.format === 'maildir') yield tarEnd();
}

async function* pagesOf(
  { store, mailboxId }: ExportWork,
  last: bigint,
): AsyncGenerator<StoredMessage[]> {
  let after = 0n;
  while (after < last) {
    const rows = await store.directory.messagesOf({ mailboxId, after, limit: exportPageRows });
    yield rows.filter(({ messageId, deletedAt }) => messageId <= last && deletedAt === null);
    if (rows.length < exportPageRows) return;
    after = rows.at(-1)?.messageId ?? last;
  }
}

/** Small ones together; a large one alone. */
function* groupsOf(rows: readonly StoredMessage[]): Generator<StoredMessage[]> {
  let group: StoredMessage[] = [];
  let octets = 0;
  for (const row of rows) {
    const isFull = group.length === bodiesAtOnceMax || octets + row.wireOctets > exportSliceOctets;
    if (group.length > 0 && isFull) {
      yield group;
      group = [];
      octets = 0;
    }
    group.push(row);
    octets += row.wireOctets;
  }
  if (group.length > 0) yield group;
}

async function bodiesOf(
  { store, mailboxId }: ExportWork,
  rows: readonly StoredMessage[],
): Promise<[StoredMessage, Uint8Array | null][]> {
  const [first] = rows;
  if (first !== undefined && first.wireOctets > smallOctets) {
    const found: [StoredMessage, Uint8Array | null][] = [];
    for (const row of rows) found.push([row, await largeBody(store, mailboxId, row)]);
    return found;
  }
  const bodies = await store.readBodies(
    mailboxId,
    rows.map(({ messageId }) => messageId),
  );
  return rows.map((row, index) => [row, bodies[index] ?? null]);
}

async function largeBody(
  store: Store,
  mailboxId: MailboxId,
  { messageId, wireOctets }: StoredMessage,
): Promise<Uint8Array | null> {
  const body = Buffer.allocUnsafe(wireOctets);
  for (let offset = 0; offset < wireOctets; offset += exportSliceOctets) {
    const octets = Math.min(exportSliceOctets, wireOctets - offset);
    const slice = await store.readSlice(mailboxId, messageId, { offset, octets });
    if (slice === null) return null;
    if (slice.length !== octets)
      throw new Problem(500, 'a stored message is not as long as its row says');
    body.set(slice, offset);
  }
  return body;
}

function* mboxMessage({ receivedAt }: StoredMessage, body: Uint8Array): Generator<Uint8Array> {
  yield Buffer.from(fromLine(receivedAt));
  yield plainText(body, true);
  yield Buffer.from('\n');
}

function* maildirMessage(row: StoredMessage, body: Uint8Array): Generator<Uint8Array> {
  const modifiedMs = Math.round(row.receivedAt.getTime());
  yield* tarFile({ name: `new/${nameOf(row)}`, modifiedMs, content: plainText(body, false) });
}

/** Unique in the mailbox, and the same each time. */
function nameOf({ receivedAt, messageId }: StoredMessage): string {
  return `${Math.floor(receivedAt.getTime() / 1000)}.P${messageId}.poplar`;
}

/** As UIDL says it: the one it came with, or base64 of its id and its GUID. */
function uidlOf({ uidl, messageId, guid }: StoredMessage): string {
  if (uidl !== null) return uidl;
  const identity = Buffer.alloc(24);
  identity.writeBigInt64BE(messageId, 0);
  identity.write(guid.replaceAll('-', ''), 8, 'hex');
  return identity.toString('base64');
}

/** It stands first, so that who reads the archive as a stream knows each message's UIDL. */
async function uidListFile(work: ExportWork, last: bigint): Promise<Uint8Array[]> {
  const lines: Buffer[] = [];
  let count = 0;
  for await (const rows of pagesOf(work, last)) {
    const some = rows.map((row, index) => `${count + index + 1} P${uidlOf(row)} :${nameOf(row)}\n`);
    lines.push(Buffer.from(some.join('')));
    count += rows.length;
    if (count > maildirMessagesMax) {
      const detail = `a Maildir of more than ${maildirMessagesMax} messages is not given out: take an mbox`;
      throw new Problem(422, detail);
    }
  }
  const modifiedMs = Math.floor(Date.now() / 1000) * 1000;
  const first = Buffer.from(`3 V${modifiedMs / 1000} N${count + 1}\n`);
  return tarFile({
    name: 'dovecot-uidlist',
    modifiedMs,
    content: Buffer.concat([first, ...lines]),
  });
}
