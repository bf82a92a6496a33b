/**
 * A body that streams out of PostgreSQL: `COPY (select ...) TO STDOUT (FORMAT binary)`, whose bytes
 * are passed on as they arrive from the socket. It costs a third of a row of the same size.
 *
 * running (COPY in progress; paused while the reader has enough) -> ended (all was read) or
 * cancelled (the connection is dropped) or failed. In each of the last three the connection has gone
 * back to its pool, where nobody would resume it.
 *
 * COPY has no parameters, so its text is made of numbers that are checked to be digits.
 *
 * Never: more than `streamBufferOctets` and one read of the socket held; a connection kept for a
 * reader that takes nothing, or given back paused.
 */

import { CopyDecoder } from './connection/copy-decoder.ts';
import { lentMemory } from './connection/lent-memory.ts';
import type { Link } from './connection/link.ts';
import type { LinkPool } from './connection/pool.ts';
import type { BodyStream, MailboxId } from './contract.ts';
import { StoreError, translateError } from './errors.ts';
import {
  streamBufferOctets,
  streamPieceOctets,
  streamResumeOctets,
  streamRowOctets,
  streamStallMs,
} from './limits.ts';
import type { StoreMeter } from './meter.ts';
import { int8 } from './parameter.ts';

export interface BodyCopyOptions {
  readonly link: Link;
  readonly pool: LinkPool;
  readonly mailboxId: MailboxId;
  readonly messageId: bigint;
  /** First octet wanted, from 0. */
  readonly offset: number;
  readonly meter: StoreMeter;
}

interface Reader {
  readonly resolve: (chunk: Uint8Array | null) => void;
  readonly reject: (error: StoreError) => void;
}

function copyText({ mailboxId, messageId, offset }: BodyCopyOptions): string {
  if (!Number.isInteger(offset) || offset < 0) throw new StoreError('INVALID', 'no such offset');
  // Cut into rows: of a value in one piece PostgreSQL makes three copies in fresh memory. One row
  // at least, so that an empty rest is told from a message that is gone.
  return (
    `copy (select substr(body, first + 1, ${streamRowOctets}) from message_body, ` +
    `generate_series(${offset}, greatest(octet_length(body) - 1, ${offset}), ${streamRowOctets}) ` +
    `as piece (first) where mailbox_id = ${int8(mailboxId)} and message_id = ${int8(messageId)}) ` +
    'to stdout (format binary)'
  );
}

export class BodyCopy implements BodyStream {
  readonly #link: Link;
  readonly #pool: LinkPool;
  readonly #decoder = new CopyDecoder((bytes) => this.#arrived(bytes));
  #chunks: Buffer[] = [];
  #bufferedOctets = 0;
  #reader: Reader | null = null;
  #paused = false;
  #stall: NodeJS.Timeout | null = null;
  #state: 'running' | 'ended' | 'cancelled' | 'failed' = 'running';
  #error: StoreError | null = null;

  constructor(options: BodyCopyOptions) {
    this.#link = options.link;
    this.#pool = options.pool;
    this.#link.copySink = (bytes) => this.#decoder.receive(bytes);
    void this.#run(options);
  }

  read(): Promise<Uint8Array | null> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#bufferedOctets -= chunk.length;
      if (this.#paused && this.#bufferedOctets <= streamResumeOctets) this.#resume();
      return Promise.resolve(chunk);
    }
    if (this.#state === 'ended') return Promise.resolve(null);
    if (this.#state !== 'running') return Promise.reject(this.#error ?? cancelled());
    if (this.#reader !== null) {
      return Promise.reject(new StoreError('INVALID', 'a body is read by one reader at a time'));
    }
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  cancel(): void {
    for (const chunk of this.#chunks) lentMemory.takeBack(chunk);
    this.#chunks = [];
    this.#bufferedOctets = 0;
    if (this.#state !== 'running') return;
    this.#state = 'cancelled';
    this.#reader?.reject(cancelled());
    this.#reader = null;
    // What PostgreSQL still has to say cannot be skipped, and may be much.
    this.#link.destroy();
  }

  async #run(options: BodyCopyOptions): Promise<void> {
    const startedAtMs = performance.now();
    try {
      await this.#link.execute(copyText(options));
      if (this.#decoder.rows === 0) throw new StoreError('MESSAGE_GONE', 'the message is gone');
      if (!this.#decoder.complete) throw new StoreError('STORE_CORRUPT', 'a COPY ended early');
      this.#end('ended', null);
    } catch (error) {
      this.#end('failed', translateError(error).error);
    }
    const isFailed = this.#state === 'failed';
    options.meter.statementRan('copy_body', performance.now() - startedAtMs, isFailed);
  }

  #end(state: 'ended' | 'failed', error: StoreError | null): void {
    // The end may have come in the same read that filled the buffer.
    if (this.#paused) this.#resume();
    this.#link.copySink = null;
    this.#pool.release(this.#link);
    if (this.#state !== 'running') return;
    this.#state = state;
    this.#error ??= error;
    const reader = this.#reader;
    this.#reader = null;
    if (this.#error === null) reader?.resolve(null);
    else reader?.reject(this.#error);
  }

  #arrived(passing: Buffer): void {
    for (let at = 0; at < passing.length; at += streamPieceOctets) {
      if (this.#state !== 'running') return;
      this.#passOn(lentMemory.lend(passing.subarray(at, at + streamPieceOctets)));
    }
  }

  #passOn(bytes: Buffer): void {
    if (this.#reader !== null) {
      const { resolve } = this.#reader;
      this.#reader = null;
      resolve(bytes);
      return;
    }
    this.#chunks.push(bytes);
    this.#bufferedOctets += bytes.length;
    if (!this.#paused && this.#bufferedOctets >= streamBufferOctets) this.#pause();
  }

  #pause(): void {
    this.#paused = true;
    this.#link.pause();
    this.#stall = setTimeout(() => {
      this.#error = new StoreError('STORE_TIMEOUT', 'the reader of a body took nothing');
      this.#link.destroy();
    }, streamStallMs);
    this.#stall.unref();
  }

  #resume(): void {
    this.#paused = false;
    if (this.#stall !== null) clearTimeout(this.#stall);
    this.#stall = null;
    this.#link.resume();
  }
}

function cancelled(): StoreError {
  return new StoreError('INVALID', 'the stream was cancelled');
}
