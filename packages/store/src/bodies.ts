/**
 * Reads bodies: some small ones at once, a slice of one, or one as a stream. No connection is held
 * between calls, but by a stream until it ends or is cancelled.
 */

import { BodyCopy } from './body-copy.ts';
import { BatchQueue } from './connection/batch-queue.ts';
import type { LinkPool } from './connection/pool.ts';
import type { ShortLine } from './connection/short-line.ts';
import type { BodyStream, MailboxId } from './contract.ts';
import { StoreError } from './errors.ts';
import { readBodiesMax, sliceOctetsMax } from './limits.ts';
import type { StoreMeter } from './meter.ts';
import { type BodyKey, readBodies } from './statements/read-bodies.ts';
import { readSlice } from './statements/read-slice.ts';

export interface BodyLanes {
  readonly line: ShortLine;
  readonly work: LinkPool;
  readonly stream: LinkPool;
  readonly meter: StoreMeter;
}

/** A part of a body: `octets` from `offset` on, less at its end. */
export interface Slice {
  readonly offset: number;
  readonly octets: number;
}

type Found = readonly (Buffer | null)[];

export class Bodies {
  readonly queue: BatchQueue<readonly BodyKey[], Found>;

  readonly #lanes: BodyLanes;

  constructor(lanes: BodyLanes) {
    this.#lanes = lanes;
    this.queue = new BatchQueue({
      send: (requests) => this.#send(requests),
      weight: (keys) => keys.length,
      inFlightMax: 2,
    });
  }

  /** Bodies in the order asked, null for what is gone. Each is lent (lent-memory.ts). */
  read(mailboxId: MailboxId, messageIds: readonly bigint[]): Promise<Found> {
    if (messageIds.length === 0) return Promise.resolve([]);
    if (messageIds.length > readBodiesMax) {
      const error = new StoreError(
        'INVALID',
        `more than ${readBodiesMax} bodies asked for at once`,
      );
      return Promise.reject(error);
    }
    return this.queue.submit(messageIds.map((messageId) => ({ mailboxId, messageId })));
  }

  async #send(requests: readonly (readonly BodyKey[])[]): Promise<Found[]> {
    const rows = await this.#lanes.line.run(readBodies, requests.flat());
    this.#lanes.meter.bodiesRead('batch', rows.length);
    const found = new Map(rows.map((row) => [row.index, row.body]));
    let at = 0;
    return requests.map((keys) => keys.map(() => found.get(at++) ?? null));
  }

  /** Null when the message is gone; empty beyond its end. */
  async readSlice(
    mailboxId: MailboxId,
    messageId: bigint,
    { offset, octets }: Slice,
  ): Promise<Uint8Array | null> {
    if (octets > sliceOctetsMax) throw new StoreError('INVALID', 'the slice is too large');
    const input = { mailboxId, messageId, offset, octets };
    const [slice] = await this.#lanes.work.run(readSlice, input);
    this.#lanes.meter.bodiesRead('slice', 1);
    return slice ?? null;
  }

  /** Resolves when a connection is there; a message that is gone is told by the first `read`. */
  async stream(mailboxId: MailboxId, messageId: bigint, offset: number): Promise<BodyStream> {
    const { stream, meter } = this.#lanes;
    const link = await stream.acquire();
    meter.bodiesRead('stream', 1);
    return new BodyCopy({ link, pool: stream, mailboxId, messageId, offset, meter });
  }
}
