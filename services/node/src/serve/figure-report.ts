/**
 * Tells the cluster every few seconds what is counted on this node, so that any node can show all of them
 * (the overview of the console, /metrics of the REST API, /metrics/cluster). The answer says at which level the log is wanted.
 *
 * What is told are the numbers that the workers gave with their last pings: nobody is asked for them, and
 * a worker that is stuck delays nothing.
 *
 * Never: a report before the last one has ended; a failure that stops the loop, or is logged each time.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Log, type LogLevel, NodeFigureReader, type NodeFigures } from '@poplar/runtime';
import { orderKeptMs, reportIntervalMs } from './limits.ts';

export interface FigureReportParts {
  readonly report: (figures: NodeFigures) => Promise<LogLevel | null>;
  /** Hears what the answer was; when there has been none for a minute, that nothing is wanted. */
  readonly heardLogLevel: (ordered: LogLevel | null) => void;
  /** Of all threads, as of a moment ago. */
  readonly snapshots: () => readonly Float64Array[];
  readonly log: Log;
}

export class FigureReport {
  readonly #parts: FigureReportParts;
  readonly #reader = new NodeFigureReader();
  readonly #ending = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #isFailing = false;
  #answeredAtMs = performance.now();
  readonly #keptMs: number;

  /** @param keptMs how long the last answer stands when no other comes */
  constructor(parts: FigureReportParts, keptMs: number = orderKeptMs) {
    this.#parts = parts;
    this.#keptMs = keptMs;
  }

  /** Reports until `end`, the first time at once. */
  begin(intervalMs: number = reportIntervalMs): void {
    this.#running = this.#reportForEver(intervalMs);
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #reportForEver(intervalMs: number): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await this.#report();
      await sleep(intervalMs, undefined, { signal }).catch(() => {});
    }
  }

  async #report(): Promise<void> {
    const { report, snapshots, heardLogLevel, log } = this.#parts;
    try {
      heardLogLevel(await report(this.#reader.read(snapshots())));
      this.#answeredAtMs = performance.now();
      if (this.#isFailing) log.info({}, 'figures are reported to the cluster again');
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) log.warn({}, 'figures are not reported to the cluster', error);
      this.#isFailing = true;
      // Whose end nobody can tell is over: a log at `debug` for as long as the database is away could fill a disk.
      if (performance.now() - this.#answeredAtMs > this.#keptMs) heardLogLevel(null);
    }
  }
}
