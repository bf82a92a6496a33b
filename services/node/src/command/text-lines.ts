/**
 * The lines of a file, one after the other, whatever its size.
 *
 * Never: a line beyond its bound in memory; text that is not UTF-8 taken for something else.
 */

import { createReadStream } from 'node:fs';
import { StartError } from '@poplar/runtime';
import { readChunkOctets, textLineOctetsMax } from './limits.ts';

export interface TextLine {
  readonly lineNumber: number;
  /** Null when it is too long or not UTF-8. */
  readonly text: string | null;
  /** Octets up to its end, from the beginning of the file. */
  readonly octetsRead: number;
}

const lineFeed = 0x0a;

/** Throws StartError when the file cannot be read. */
export async function* textLines(path: string): AsyncGenerator<TextLine> {
  const stream = createReadStream(path, { highWaterMark: readChunkOctets });
  let lineNumber = 0;
  let octetsRead = 0;
  let rest: Buffer = Buffer.alloc(0);
  /** Of a line that was too long and is being passed over. */
  let passedOver = 0;
  try {
    for await (const chunk of stream) {
      let bytes = Buffer.concat([rest, Buffer.from(chunk)]);
      for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed)) {
        lineNumber += 1;
        octetsRead += passedOver + at + 1;
        const text = passedOver > 0 ? null : textOf(bytes.subarray(0, at));
        yield { lineNumber, octetsRead, text };
        passedOver = 0;
        bytes = bytes.subarray(at + 1);
      }
      if (bytes.length > textLineOctetsMax) {
        passedOver += bytes.length;
        bytes = Buffer.alloc(0);
      }
      rest = bytes;
    }
  } catch (error) {
    throw new StartError(`${path} cannot be read: ${Object(error).code ?? 'unknown error'}`);
  }
  if (rest.length + passedOver === 0) return;
  octetsRead += passedOver + rest.length;
  yield { lineNumber: lineNumber + 1, octetsRead, text: passedOver > 0 ? null : textOf(rest) };
}

function textOf(line: Buffer): string | null {
  if (line.length > textLineOctetsMax) return null;
  const end = line.at(-1) === 0x0d ? -1 : undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(line.subarray(0, end));
  } catch {
    return null;
  }
}
