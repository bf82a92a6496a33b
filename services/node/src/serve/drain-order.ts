/**
 * Whether this node takes clients, as an administrator wants it: `poplar node drain` and `undrain`.
 *
 * Theory of operation. The order is a row of the database, which comes back with each renewal of the
 * leases, so the node follows it within five seconds.
 *
 *   serving  -> ordered:    notice: not ready any more, but clients are served as ever, so that a load
 *                           balancer that has not noticed yet does no harm (`limits.drainNoticeMs`)
 *   notice   -> time over:  drained: workers close their listeners, idle sessions end with [SYS/TEMP],
 *                           busy ones finish their command or end at `limits.drainTimeoutMs`
 *   notice   -> withdrawn:  serving
 *   drained  -> withdrawn:  serving: listeners open again, then the node is ready
 *
 * The order outlives the process: a node that starts and finds it begins as drained. While the database
 * is away the last word stands. LMTP goes on, because a mail server has its own way to wait.
 *
 * Never: a client refused before the node was not ready for the length of the notice.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Limits, Log } from '@poplar/runtime';

export interface DrainOrderParts {
  /** Has the workers take clients, or none. */
  readonly admit: (isAdmitting: boolean, deadlineMs: number) => void;
  /** As they are when they are needed: a reload may change them. */
  readonly limits: () => Pick<Limits, 'drainNoticeMs' | 'drainTimeoutMs'>;
  /** Hears whether the node drains, for those who list nodes. */
  readonly show: (isDraining: boolean) => void;
  readonly log: Log;
}

export class DrainOrder {
  readonly #parts: DrainOrderParts;
  #state: 'serving' | 'notice' | 'drained' = 'serving';
  #timer: NodeJS.Timeout | null = null;
  #hasEnded = false;

  constructor(parts: DrainOrderParts) {
    this.#parts = parts;
  }

  /** Load balancers are to look elsewhere. */
  get isOrdered(): boolean {
    return this.#state !== 'serving';
  }

  /** What was ordered before the node started: nobody is there yet to be given notice. */
  begin(isWanted: boolean): void {
    if (isWanted) this.#drain();
  }

  /** What the database says now. */
  heard(isWanted: boolean): void {
    if (this.#hasEnded) return;
    if (isWanted && this.#state === 'serving') this.#giveNotice();
    else if (!isWanted && this.#state !== 'serving') this.#serve();
  }

  /**
   * The node ends: nothing is heard any more. Resolves when balancers have had their notice; until then
   * clients are served as ever.
   */
  async endWithNotice(): Promise<void> {
    const hadNotice = this.isOrdered;
    this.#hasEnded = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#parts.show(true);
    if (!hadNotice) await sleep(this.#parts.limits().drainNoticeMs);
  }

  #giveNotice(): void {
    const { limits, log, show } = this.#parts;
    const noticeMs = limits().drainNoticeMs;
    log.warn({ noticeMs }, 'this node was told to drain');
    this.#state = 'notice';
    show(true);
    this.#timer = setTimeout(() => this.#drain(), noticeMs);
  }

  #drain(): void {
    const { admit, limits, log, show } = this.#parts;
    log.warn({}, 'drained: no clients are taken until `poplar node undrain`');
    this.#state = 'drained';
    show(true);
    admit(false, limits().drainTimeoutMs);
  }

  #serve(): void {
    const { admit, log, show } = this.#parts;
    if (this.#timer !== null) clearTimeout(this.#timer);
    log.warn({}, 'this node was told to serve again');
    if (this.#state === 'drained') admit(true, 0);
    this.#state = 'serving';
    show(false);
  }
}
