/**
 * Turns many small requests into few statements: what queues up while a batch is in flight goes out
 * as the next one. The first request of a batch waits for the end of the event loop's poll phase
 * only, so that requests of several sockets read in one go share it; with a pulse (batch-pulse.ts) it
 * waits for the next beat, so that a busy worker makes few batches instead of small ones.
 *
 * Never: more batches in flight than allowed; two requests with one key in a batch; a queue without a bound.
 */

import { StoreError, translateError } from '../errors.ts';
import { batchMax, batchQueueMax } from '../limits.ts';
import { realWorld, type World } from '../world.ts';
import type { BatchPulse } from './batch-pulse.ts';

export interface BatchOptions<Request, Result> {
  /** Sends a batch; one result for each request, in their order. */
  readonly send: (requests: readonly Request[]) => Promise<readonly Result[]>;
  /** Requests with equal keys never share a batch. */
  readonly key?: (request: Request) => string;
  /** What a request counts for towards `batchMax`; 1 by default. */
  readonly weight?: (request: Request) => number;
  /** Batches in flight at once; 1 by default. */
  readonly inFlightMax?: number;
  readonly pulse?: BatchPulse;
  readonly world?: World;
}

interface Waiting<Request, Result> {
  readonly request: Request;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: StoreError) => void;
}

export class BatchQueue<Request, Result> {
  /** Plain counters for metrics. */
  batches = 0;
  requests = 0;

  readonly #options: BatchOptions<Request, Result>;
  #queue: Waiting<Request, Result>[] = [];
  #inFlight = 0;
  #waking = false;

  constructor(options: BatchOptions<Request, Result>) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Rejects with a StoreError. */
  submit(request: Request): Promise<Result> {
    if (this.#queue.length >= batchQueueMax) {
      return Promise.reject(new StoreError('STORE_UNAVAILABLE', 'too many requests wait'));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, resolve, reject });
      this.#wake();
    });
  }

  #wake(): void {
    const { inFlightMax = 1, pulse, world = realWorld } = this.#options;
    if (this.#waking || this.#inFlight >= inFlightMax || this.#queue.length === 0) return;
    this.#waking = true;
    const send = (): number => {
      this.#waking = false;
      this.#inFlight += 1;
      const batch = this.#take();
      void this.#send(batch);
      return batch.length;
    };
    if (pulse === undefined) world.soon(send);
    else pulse.join(send);
  }

  async #send(batch: readonly Waiting<Request, Result>[]): Promise<void> {
    this.batches += 1;
    this.requests += batch.length;
    try {
      const results = await this.#options.send(batch.map((waiting) => waiting.request));
      batch.forEach((waiting, index) => {
        const result = results[index];
        if (result !== undefined) waiting.resolve(result);
        else waiting.reject(new StoreError('STORE_CORRUPT', 'a batch was answered in part'));
      });
    } catch (cause) {
      const { error } = translateError(cause);
      for (const waiting of batch) waiting.reject(error);
    } finally {
      this.#inFlight -= 1;
      this.#wake();
    }
  }

  #take(): Waiting<Request, Result>[] {
    const { key, weight } = this.#options;
    if (key === undefined && weight === undefined) return this.#queue.splice(0, batchMax);
    const batch: Waiting<Request, Result>[] = [];
    const later: Waiting<Request, Result>[] = [];
    const keys = new Set<string>();
    let weightTaken = 0;
    for (const waiting of this.#queue) {
      const itsKey = key?.(waiting.request);
      const itsWeight = weight?.(waiting.request) ?? 1;
      // One request alone may weigh more than a batch; it then goes alone.
      const fits = batch.length === 0 || weightTaken + itsWeight <= batchMax;
      if (fits && (itsKey === undefined || !keys.has(itsKey))) {
        if (itsKey !== undefined) keys.add(itsKey);
        weightTaken += itsWeight;
        batch.push(waiting);
      } else {
        later.push(waiting);
      }
    }
    this.#queue = later;
    return batch;
  }
}
