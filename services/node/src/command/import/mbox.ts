/**
 * Reads an mbox file from beginning to end, however large it is.
 *
 * Never: the file in memory; a byte of it written.
 */

import { isStray, MboxSplitter, mboxEntry } from '@poplar/admin';
import { readChunkOctets } from '../limits.ts';
import type { Found, Source, SourceOptions } from './found.ts';
import { codeOf, fileProblem, openRegularFile } from './regular-file.ts';

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
        const { inputOctets } = message;
        yield { ...mboxEntry(message), place: `${path}: message ${count}`, inputOctets };
      }
      if (isEnd) break;
    }
    const { strayOctets } = splitter;
    if (isStray(strayOctets)) {
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
