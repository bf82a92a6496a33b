/**
 * Shows how much of a file has been worked off: `50%  1.2 MB of 2.4 MB  12,345 lines`, over the last one on a
 * terminal, a line every few seconds elsewhere if that is wanted. On standard error.
 *
 * Never: a timer (it is told often enough).
 */

import { statSync } from 'node:fs';
import { progressIntervalMs } from './limits.ts';
import { printedCount, printedOctets } from './output.ts';

interface Read {
  readonly octetsRead: number;
  readonly lines: number;
}

export class LineProgress {
  readonly #size: number;
  readonly #isShown: boolean;
  #dueMs = 0;

  /** @param isWanted also where standard error is not a terminal */
  constructor(path: string, isWanted: boolean) {
    // A pipe has no size, and a file that is not there is told of by who reads it.
    this.#size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    this.#isShown = isWanted || process.stderr.isTTY === true;
  }

  /** Shows itself when it is due. */
  update(read: Read): void {
    if (!this.#isShown || performance.now() < this.#dueMs) return;
    this.#show(read);
    const { terminal, lines } = progressIntervalMs;
    this.#dueMs = performance.now() + (process.stderr.isTTY ? terminal : lines);
  }

  /** Leaves the last state on a line of its own. */
  finish(read: Read): void {
    if (!this.#isShown) return;
    this.#show(read);
    if (process.stderr.isTTY) process.stderr.write('\n');
  }

  #show({ octetsRead, lines }: Read): void {
    const size = this.#size;
    const part = size > 0 ? `${Math.floor(Math.min(1, octetsRead / size) * 100)}%  ` : '';
    const octets = size > 0 ? `${printedOctets(octetsRead)} of ${printedOctets(size)}` : '';
    const text = `${part}${octets || printedOctets(octetsRead)}  ${printedCount(lines)} lines`;
    // Erases the rest of the line (ECMA-48 EL).
    process.stderr.write(process.stderr.isTTY ? `\r${text}\u001b[K` : `${text}\n`);
  }
}
