/**
 * Where the lines of a log go: a file descriptor that is written without waiting, and that may fail
 * at any time, because a disk is full, a terminal was closed or nobody reads a pipe any more.
 *
 * Theory of operation. Lines gather until the turn of the event loop is over, then go out in writes
 * of whole lines, one write at a time. A pipe or a terminal is opened anew without blocking, so that
 * one that nobody reads answers EAGAIN instead of holding a thread of the pool; such a write is
 * tried again later. Any other error costs the lines of that write and no more: they are counted,
 * and the count is told as soon as a line gets through again. Lines that come while too much waits
 * are counted likewise.
 *
 * Never: an error that leaves this file; a wait without a bound; a mode changed of a descriptor that
 * other processes share.
 */

import { constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import {
  logFlushTimeoutMs,
  logPendingCharactersMax,
  logRetryDelayMs,
  logWriteCharactersMax,
} from '../limits.ts';

/** Octets of whole lines, or what is left of them after a short write. */
interface Batch {
  readonly octets: Uint8Array;
  readonly lines: number;
}

export class LogOutput {
  readonly #fd: number;
  readonly #onRecovered: (lostLines: number) => void;
  #lines: string[] = [];
  #characters = 0;
  /** Taken from the lines and not yet written whole. */
  #batch: Batch | null = null;
  #isWriting = false;
  #isScheduled = false;
  #lost = 0;

  /** `onRecovered` may write to this output. */
  constructor(fd: number, onRecovered: (lostLines: number) => void) {
    this.#fd = openWithoutBlocking(fd) ?? fd;
    this.#onRecovered = onRecovered;
  }

  /** Lines lost since the last one that got through. */
  get lost(): number {
    return this.#lost;
  }

  write(line: string): void {
    if (this.#characters + line.length > logPendingCharactersMax) {
      this.#lost += 1;
      return;
    }
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#isWriting || this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#continue);
  }

  /** Writes what waits before it returns, or gives up. A write under way is left to itself. */
  flush(): void {
    const until = performance.now() + logFlushTimeoutMs;
    if (this.#isWriting) this.#batch = null;
    for (let batch = this.#next(); batch !== null; batch = this.#next()) {
      try {
        this.#written(batch, writeSync(this.#fd, batch.octets));
      } catch (error) {
        if (!isBusy(error)) this.#lose(batch);
        else if (performance.now() < until) pause(10);
        else this.#loseAll();
      }
    }
  }

  readonly #continue = (): void => {
    this.#isScheduled = false;
    if (this.#isWriting) return;
    const batch = this.#next();
    if (batch === null) return;
    this.#isWriting = true;
    write(this.#fd, batch.octets, (error, octets) => {
      this.#isWriting = false;
      if (this.#batch !== batch) {
        // A flush has gone on behind this write.
        if (error !== null) this.#lost += batch.lines;
      } else if (error === null) this.#written(batch, octets);
      else if (isBusy(error)) return this.#retry();
      else this.#lose(batch);
      this.#continue();
    });
  };

  #retry(): void {
    this.#isScheduled = true;
    setTimeout(this.#continue, logRetryDelayMs).unref();
  }

  /** The batch under way, or a new one of whole lines. */
  #next(): Batch | null {
    if (this.#batch !== null) return this.#batch;
    if (this.#lines.length === 0) return null;
    let count = 0;
    let characters = 0;
    while (count < this.#lines.length) {
      const { length } = this.#lines[count] ?? '';
      if (count > 0 && characters + length > logWriteCharactersMax) break;
      characters += length;
      count += 1;
    }
    const lines = this.#lines.splice(0, count);
    this.#characters -= characters;
    this.#batch = { octets: Buffer.from(lines.join('')), lines: count };
    return this.#batch;
  }

  #written(batch: Batch, octets: number): void {
    const isWhole = octets >= batch.octets.length;
    this.#batch = isWhole ? null : { ...batch, octets: batch.octets.subarray(octets) };
    if (!isWhole || this.#lost === 0) return;
    const lost = this.#lost;
    this.#lost = 0;
    this.#onRecovered(lost);
  }

  #lose(batch: Batch): void {
    this.#batch = null;
    this.#lost += batch.lines;
  }

  #loseAll(): void {
    this.#lost += (this.#batch?.lines ?? 0) + this.#lines.length;
    this.#batch = null;
    this.#lines = [];
    this.#characters = 0;
  }
}

/**
 * A descriptor of our own for the same pipe or terminal, which never blocks; null for anything else
 * (files do not block, sockets cannot be opened so) and where it is not allowed.
 */
function openWithoutBlocking(fd: number): number | null {
  try {
    const stat = fstatSync(fd);
    if (!stat.isFIFO() && !stat.isCharacterDevice()) return null;
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    return openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    // No /proc, a pipe without a reader, a terminal that hung up or is another user's.
    return null;
  }
}

function isBusy(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return code === 'EAGAIN' || code === 'EBUSY';
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
