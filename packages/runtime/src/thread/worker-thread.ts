/**
 * One worker thread as the main thread sees it, from spawn to exit. It never comes back: a
 * replacement is a new WorkerThread in the same place (worker-slot.ts).
 *
 * Starting -> ready (listeners are known) -> ended; or starting -> ended. It ends because it was
 * asked to drain, because it threw, because it ran out of memory, or because it was terminated here:
 * too late to be ready, or too many pings in a row without an answer. Pings are counted and time is
 * not compared, so that a process that was suspended does not find all its workers guilty.
 *
 * Never: a wait without a bound.
 */

import { Worker } from 'node:worker_threads';
import { pingIntervalMs, scrapeTimeoutMs, stallTimeoutMs, startTimeoutMs } from '../limits.ts';
import { snapshotLength } from '../metrics/metric-set.ts';
import type { FromWorker, ToWorker, WorkerData } from './messages.ts';

/** The waits of a thread; tests make them short. */
export interface ThreadTiming {
  readonly pingIntervalMs: number;
  readonly stallTimeoutMs: number;
  readonly startTimeoutMs: number;
  readonly scrapeTimeoutMs: number;
}

export const defaultThreadTiming: ThreadTiming = {
  pingIntervalMs,
  stallTimeoutMs,
  startTimeoutMs,
  scrapeTimeoutMs,
};

export interface ThreadEnd {
  readonly wasReady: boolean;
  /** One line, for the log or, if it never was ready, for the operator. */
  readonly reason: string;
}

export interface ThreadMemory {
  readonly heapOctets: number;
  readonly externalOctets: number;
}

const noMemory: ThreadMemory = { heapOctets: 0, externalOctets: 0 };

export interface WorkerThreadOptions {
  readonly workerUrl: URL;
  readonly data: WorkerData;
  readonly timing: ThreadTiming;
}

export class WorkerThread {
  readonly ownerIdAtStart: string;
  /** Resolves with the listeners, or with null if the thread ended before. */
  readonly ready: Promise<readonly string[] | null>;
  readonly ended: Promise<ThreadEnd>;

  readonly #worker: Worker;
  readonly #timing: ThreadTiming;
  #isReady = false;
  #isAdmitting: boolean;
  #hasEnded = false;
  #reason: string | null = null;
  #sequence = 0;
  #unanswered = 0;
  #values: Float64Array = new Float64Array(snapshotLength);
  #scrapes = new Map<number, () => void>();
  #lastUtilization: ReturnType<Worker['performance']['eventLoopUtilization']> | undefined;

  constructor(options: WorkerThreadOptions) {
    const { data, timing } = options;
    this.#timing = timing;
    this.ownerIdAtStart = data.ownerId;
    this.#isAdmitting = data.isAdmitting;
    const worker = new Worker(options.workerUrl, {
      workerData: data,
      name: `${data.role} ${data.worker}`,
      resourceLimits: { maxOldGenerationSizeMb: data.config.limits.workerHeapMib },
    });
    this.#worker = worker;
    const ready = Promise.withResolvers<readonly string[] | null>();
    const ended = Promise.withResolvers<ThreadEnd>();
    this.ready = ready.promise;
    this.ended = ended.promise;
    const startTimer = setTimeout(() => {
      this.terminate('did not become ready in time');
    }, timing.startTimeoutMs);
    const pingTimer = setInterval(() => this.#ping(), timing.pingIntervalMs);
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'ready') {
        this.#isReady = true;
        clearTimeout(startTimer);
        ready.resolve(message.listeners);
      } else this.#receive(message);
    });
    worker.on('error', (error: unknown) => {
      this.#reason ??= describe(error);
    });
    worker.on('exit', (code) => {
      clearTimeout(startTimer);
      clearInterval(pingTimer);
      this.#hasEnded = true;
      for (const answered of this.#scrapes.values()) answered();
      this.#scrapes.clear();
      ready.resolve(null);
      ended.resolve({
        wasReady: this.#isReady,
        reason:
          this.#reason ?? `ended with code ${code}${this.#isReady ? '' : ' before it was ready'}`,
      });
    });
  }

  get isReady(): boolean {
    return this.#isReady && !this.#hasEnded;
  }

  /** Ready, and its listeners are open as far as it said. */
  get isAdmitting(): boolean {
    return this.isReady && this.#isAdmitting;
  }

  /** The last numbers it sent. */
  get values(): Float64Array {
    return this.#values;
  }

  send(message: ToWorker): void {
    if (this.#hasEnded) return;
    if (message.kind === 'admit' && !message.isAdmitting) this.#isAdmitting = false;
    this.#worker.postMessage(message);
  }

  /** Asks for its numbers now; false if it did not answer in time. */
  async scrape(): Promise<boolean> {
    if (!this.isReady) return false;
    const sequence = this.#nextPing();
    const answered = new Promise<true>((resolve) => {
      this.#scrapes.set(sequence, () => resolve(true));
    });
    const { promise: late, resolve: isLate } = Promise.withResolvers<false>();
    const timer = setTimeout(() => isLate(false), this.#timing.scrapeTimeoutMs);
    const result = await Promise.race([answered, late]);
    clearTimeout(timer);
    this.#scrapes.delete(sequence);
    return result && !this.#hasEnded;
  }

  /** Busy share of its event loop since the last call, 0 to 1. */
  eventLoopUtilization(): number {
    if (this.#hasEnded) return 0;
    const { performance } = this.#worker;
    const before = this.#lastUtilization;
    const now = performance.eventLoopUtilization();
    this.#lastUtilization = now;
    const since = before === undefined ? now : performance.eventLoopUtilization(now, before);
    return Math.min(Math.max(since.utilization, 0), 1);
  }

  /** Its JavaScript heap, and memory beside it such as buffers; 0 if it does not answer in time. */
  async memory(): Promise<ThreadMemory> {
    if (!this.isReady) return noMemory;
    const { promise: late, resolve } = Promise.withResolvers<null>();
    const timer = setTimeout(() => resolve(null), this.#timing.scrapeTimeoutMs);
    const statistics = await Promise.race([
      this.#worker.getHeapStatistics().catch(() => null),
      late,
    ]);
    clearTimeout(timer);
    if (statistics === null) return noMemory;
    return { heapOctets: statistics.used_heap_size, externalOctets: statistics.external_memory };
  }

  /** Ends it at once, wherever it is. */
  terminate(reason: string): void {
    if (this.#hasEnded) return;
    this.#reason ??= reason;
    this.#worker.terminate().catch(() => {});
  }

  #receive(message: Exclude<FromWorker, { kind: 'ready' }>): void {
    switch (message.kind) {
      case 'failed':
        this.#reason ??= message.message;
        break;
      case 'pong':
        this.#unanswered = 0;
        this.#values = message.values;
        this.#scrapes.get(message.sequence)?.();
        break;
      case 'admitting':
        this.#isAdmitting = message.isAdmitting;
        break;
      case 'drained':
        this.#values = message.values;
        this.#reason ??= 'drained';
        break;
    }
  }

  #ping(): void {
    if (!this.#isReady) return;
    const unansweredMax = Math.ceil(this.#timing.stallTimeoutMs / this.#timing.pingIntervalMs);
    if (this.#unanswered >= unansweredMax) {
      this.terminate(`stuck: no answer for ${this.#timing.stallTimeoutMs} ms`);
      return;
    }
    this.#unanswered += 1;
    this.#nextPing();
  }

  #nextPing(): number {
    this.#sequence += 1;
    this.send({ kind: 'ping', sequence: this.#sequence });
    return this.#sequence;
  }
}

function describe(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0] ?? text;
}
