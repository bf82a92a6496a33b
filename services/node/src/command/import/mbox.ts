/**
 * Reads an mbox file from beginning to end, however large it is.
 *
 * Never: the file in memory; a byte of it written.
 */

import { readChunkOctets } from '../limits.ts';
import type { Found, Source, SourceOptions } from './found.ts';
import { type MboxMessage, MboxSplitter } from './mbox-splitter.ts';
import { codeOf, fileProblem, openRegularFile } from './regular-file.ts';
import { storedUidlOf } from './stored-uidl.ts';

/** Throws StartError when it is not a file that can be read. */
export async function openMbox(path: string, options: SourceOptions): Promise<Source> {
  const file = await openRegularFile(path);
  if (typeof file === 'string') throw fileProblem(path, file);
  await file.handle.close();
  return {
    format: 'mbox',
    totalOctets: file.octets,
    messages: () => mboxMessages(path, options),
  };
}

/** An empty line before the first From_ line is nothing that could be lost. */
const lineEndOctets = 2;

async function* mboxMessages(path: string, options: SourceOptions): AsyncGenerator<Found> {
  const file = await openRegularFile(path);
  if (typeof file === 'string') {
    yield { kind: 'skipped', reason: file, place: path, inputOctets: 0 };
    return;
  }
  const splitter = new MboxSplitter(options.messageOctetsMax);
  let count = 0;
  try {
    while (true) {
      // A fresh buffer each time: the splitter keeps parts of it.
      const chunk = Buffer.allocUnsafe(readChunkOctets);
      const { bytesRead } = await file.handle.read(chunk, 0, chunk.length);
      const isEnd = bytesRead === 0;
      const messages = isEnd ? splitter.finish() : splitter.push(chunk.subarray(0, bytesRead));
      for (const message of messages) {
        count += 1;
        yield foundIn(message, `${path}: message ${count}`);
      }
      if (isEnd) break;
    }
    const { strayOctets } = splitter;
    if (strayOctets > lineEndOctets) {
      const place = `${path}: ${strayOctets} octets before the first From_ line`;
      yield { kind: 'skipped', reason: 'not-a-message', place, inputOctets: strayOctets };
    }
  } catch (error) {
    const place = `${path}: what follows message ${count} (${codeOf(error)})`;
    yield { kind: 'skipped', reason: 'unreadable', place, inputOctets: 0 };
  } finally {
    await file.handle.close();
  }
}

const folderData = /^Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\r?$/m;

function foundIn(message: MboxMessage, place: string): Found {
  const { content, receivedAt, inputOctets } = message;
  if (content === null) return { kind: 'skipped', reason: 'too-large', place, inputOctets };
  if (content.length === 0) return { kind: 'skipped', reason: 'empty', place, inputOctets };
  const beginning = Buffer.from(content.subarray(0, 1024)).toString('latin1');
  if (folderData.test(beginning)) {
    return { kind: 'skipped', reason: 'folder-data', place, inputOctets };
  }
  return { kind: 'message', content, uidl: storedUidlOf(content), receivedAt, place, inputOctets };
}
