/**
 * What an import answers or an export gives out, as streams whose jobs end with them: read to their end, broken
 * off, never begun because the client was gone before, or not taken by a client that is there. And their end
 * when the API ends.
 *
 * Never: a store that is closed under one of them; a job that goes on when its stream is over.
 */

import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { type Response, whenOver } from '../places.ts';
import type { JobKeeper } from './job-keeper.ts';
import { type Pace, paced } from './reader-pace.ts';

export interface Transfer {
  readonly pieces: () => AsyncGenerator<string | Uint8Array>;
  readonly keeper: Pick<JobKeeper, 'broke'>;
  readonly response: Response;
  /** Octets that wait for the client; without it pieces are counted. */
  readonly waitingOctets?: number;
  /** What is destroyed when the API ends; the stream itself without it. */
  readonly source?: Readable;
}

export class Running {
  readonly #sources = new Map<Readable, Promise<void>>();

  readonly #pace: Pace | undefined;

  /**
   * @param app ends what runs before it closes
   * @param pace of the clients; that of limits.ts without it
   */
  constructor(app: FastifyInstance, pace?: Pace) {
    this.#pace = pace;
    app.addHook('preClose', async () => {
      const ends = [...this.#sources.values()];
      for (const source of this.#sources.keys()) source.destroy();
      await Promise.all(ends);
    });
  }

  /** To be sent. */
  stream(transfer: Transfer): Readable {
    const { pieces, keeper, response, waitingOctets } = transfer;
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const pace = this.#pace;
    let hasBegun = false;
    async function* begun(): AsyncGenerator<string | Uint8Array> {
      hasBegun = true;
      try {
        yield* paced(pieces(), () => stream.destroy(), pace);
      } finally {
        resolve();
      }
    }
    const bytes = { objectMode: false, highWaterMark: waitingOctets };
    const stream = Readable.from(begun(), waitingOctets === undefined ? {} : bytes);
    // A generator that is left before its first step runs none of its last ones.
    stream.once('close', () => {
      if (!hasBegun) void keeper.broke('interrupted', 'the connection was lost').finally(resolve);
    });
    const source = transfer.source ?? stream;
    this.#sources.set(source, ended);
    void ended.then(() => this.#sources.delete(source));
    whenOver(response, () => stream.destroy());
    return stream;
  }
}
