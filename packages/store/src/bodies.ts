/**
 * Reads bodies: some small ones at once, a slice of one, or one as a stream. No connection is held
 * between calls, but by a stream until it ends or is cancelled.
 *
 * Small ones of several callers go out as one statement as long as each wants few; who wants many, or is
 * alone, has a statement of its own, which is cheaper for each body and dearer for each call.
 *
 * Never: one body given to two callers, each of whom would give it back.
 */

import { BodyCopy } from './body-copy.ts';
import { BatchQueue } from './connection/batch-queue.ts';
import type { LinkPool } from './connection/pool.ts';
import type { ShortLine } from './connection/short-line.ts';
import type { BodyStream, MailboxId } from './contract.ts';
import { StoreError } from './errors.ts';
import { batchMax, readBodiesAloneMin, readBodiesMax, sliceOctetsMax } from './limits.ts';
import type { StoreMeter } from './meter.ts';
import { readBodies } from './statements/read-bodies.ts';
import { type MailboxBodies, readMailboxBodies } from './statements/read-mailbox-bodies.ts';
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

/** Ids rise as in a list; so none is there twice. */
function isRising(ids: readonly bigint[]): boolean {
  return ids.every((id, index) => index === 0 || (ids[index - 1] ?? id) < id);
}

export class Bodies {
  readonly queue: BatchQueue<MailboxBodies, Found>;

  readonly #lanes: BodyLanes;

  constructor(lanes: BodyLanes) {
    this.#lanes = lanes;
    this.queue = new BatchQueue({
      send: (requests) => this.#send(requests),
      // What is to go alone fills a batch.
      weight: ({ messageIds: { length } }) => (length < readBodiesAloneMin ? length : batchMax),
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
    return this.queue.submit({ mailboxId, messageIds });
  }

  async #send(requests: readonly MailboxBodies[]): Promise<Found[]> {
    const [only] = requests;
    if (only !== undefined && requests.length === 1 && isRising(only.messageIds)) {
      return [await this.#readOfOne(only)];
    }
    const keys = requests.flatMap(({ mailboxId, messageIds }) =>
      messageIds.map((messageId) => ({ mailboxId, messageId })),
    );
    const rows = await this.#lanes.line.run(readBodies, keys);
    this.#lanes.meter.bodiesRead('batch', rows.length);
    const found = new Map(rows.map((row) => [row.index, row.body]));
    let at = 0;
    return requests.map(({ messageIds }) => messageIds.map(() => found.get(at++) ?? null));
  }

  async #readOfOne(request: MailboxBodies): Promise<Found> {
    const rows = await this.#lanes.line.run(readMailboxBodies, request);
    this.#lanes.meter.bodiesRead('batch', rows.length);
    const found = new Map(rows.map((row) => [row.messageId, row.body]));
    return request.messageIds.map((messageId) => found.get(messageId) ?? null);
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
