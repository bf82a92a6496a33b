/**
 * The messages of an mbox, from a stream of its octets.
 *
 * Never: more in memory than one message and what came with it; the last message of a stream that broke off.
 */

import { type MailEntry, MailStreamError, type MailStreamOptions } from './mail-entry.ts';
import { type MboxMessage, MboxSplitter } from './mbox-splitter.ts';
import { storedUidlOf } from './stored-uidl.ts';

const folderData = /^Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\r?$/m;

/** An empty line before the first From_ line is nothing that could be lost. */
const lineEndOctets = 2;

export function mboxEntry({ content, receivedAt }: MboxMessage): MailEntry {
  if (content === null) return { kind: 'skipped', reason: 'too-large' };
  if (content.length === 0) return { kind: 'skipped', reason: 'empty' };
  const beginning = Buffer.from(content.subarray(0, 1024)).toString('latin1');
  if (folderData.test(beginning)) return { kind: 'skipped', reason: 'folder-data' };
  return { kind: 'message', content, uidl: storedUidlOf(content), receivedAt };
}

/** Octets before the first From_ line that may be mail which nobody will see. */
export function isStray(octets: number): boolean {
  return octets > lineEndOctets;
}

/** What each piece of the stream completes, together. */
export async function* mboxEntries(
  input: AsyncIterable<Uint8Array>,
  { messageOctetsMax }: MailStreamOptions,
): AsyncGenerator<MailEntry[]> {
  const splitter = new MboxSplitter(messageOctetsMax);
  let found = 0;
  for await (const piece of input) {
    const entries = splitter.push(bytesOf(piece)).map(mboxEntry);
    // Whoever sends something else is told so while it is sent, not at its end.
    if (found === 0) refuseStray(splitter);
    found += entries.length;
    yield entries;
  }
  const last = splitter.finish().map(mboxEntry);
  // What has no line feed is looked at now.
  if (found === 0) refuseStray(splitter);
  yield last;
}

function refuseStray({ strayOctets }: MboxSplitter): void {
  if (!isStray(strayOctets)) return;
  throw new MailStreamError('it does not begin with a From_ line: it is no mbox');
}

function bytesOf(piece: Uint8Array): Buffer {
  return Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}
