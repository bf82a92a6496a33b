/**
 * Sends what is in the outbox. Every node with the API does; rows are claimed, so each attempt is made by
 * one of them, and one that dies leaves its rows to the others when their claims are over.
 *
 * Theory of operation. A round claims a few due events of each webhook and begins to send them all. The next
 * one comes when the events of a webhook are through, leaving out those webhooks that are not: a receiver
 * that is slow holds up itself alone. One that was slow or did not answer gets one request at a time until it is
 * quick again, and a domain no more than a share of all, so there is always room for those that answer. When nothing is due, a round comes every second; where there is no
 * webhook, none comes. An attempt ends as delivered, is tried again after a pause that doubles, less up to
 * half by chance, or is the last and leaves a dead letter.
 *
 * At least once: a node that ends between the request and writing down its outcome sends it again, and
 * order is not kept. The id of the event tells a receiver.
 *
 * Never: two rounds of claims at once; a failure that ends the loop or is logged with a URL.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Log, MetricSet } from '@poplar/runtime';
import type { ClaimedDelivery, SettledAttempt, Webhooks } from '@poplar/store';
import {
  attemptsMax,
  drainMs,
  lookIntervalMs,
  refusedWebhooksMax,
  requestsMax,
  requestsOfDomainMax,
  retrySecondsMax,
  retrySecondsMin,
  slowAnswerMs,
  slowWebhooksMax,
  tidyIntervalMs,
  tidyRoundsMax,
} from './limits.ts';
import type { EventPoster, Posted } from './post-event.ts';

export interface SenderTiming {
  readonly attemptsMax: number;
  readonly retrySecondsMin: number;
  readonly lookIntervalMs: number;
  readonly tidyIntervalMs: number;
}

export interface SenderParts {
  readonly webhooks: Webhooks;
  readonly poster: EventPoster;
  readonly log: Log;
  readonly metrics: MetricSet;
  readonly timing?: Partial<SenderTiming>;
}

const usual: SenderTiming = { attemptsMax, retrySecondsMin, lookIntervalMs, tidyIntervalMs };

interface Busy {
  readonly rows: number;
  /** Null for a webhook of all domains. */
  readonly domainId: string | null;
  readonly done: Promise<void>;
}

export class Sender {
  readonly #parts: SenderParts;
  readonly #timing: SenderTiming;
  /** No more rounds. */
  readonly #ending = new AbortController();
  /** No more waiting for answers. */
  readonly #stopping = new AbortController();
  /** Of each webhook whose events are being sent: how many, and when they are through. */
  readonly #busy = new Map<string, Busy>();
  /** Webhooks whose receiver did not answer, or not soon. */
  readonly #slow = new Set<string>();
  /** Webhooks whose last attempt here was refused: that is said once. */
  readonly #refused = new Set<string>();
  #running: Promise<void> = Promise.resolve();
  #tidiedAtMs = Number.NEGATIVE_INFINITY;
  #isFailing = false;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#timing = { ...usual, ...parts.timing };
  }

  start(): void {
    this.#running = this.#runForEver();
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#ending.abort();
    const all = Promise.all([this.#running, ...[...this.#busy.values()].map(({ done }) => done)]);
    const late = setTimeout(() => this.#stopping.abort(), drainMs);
    await all;
    clearTimeout(late);
  }

  async #runForEver(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      let isMore = false;
      try {
        isMore = await this.#round();
        await this.#tidyIfDue();
        this.#isFailing = false;
      } catch (error) {
        // Once: it is the database that is away, and others say so too.
        if (!this.#isFailing) this.#parts.log.warn({}, 'events are not sent to webhooks', error);
        this.#isFailing = true;
      }
      await this.#pause(isMore);
    }
  }

  /** Until a webhook is through, or it is time to look again. */
  async #pause(isMore: boolean): Promise<void> {
    const through = [...this.#busy.values()].map(({ done }) => done);
    if (isMore && through.length === 0) return;
    const woken = new AbortController();
    const signal = AbortSignal.any([this.#ending.signal, woken.signal]);
    const tick = sleep(this.#timing.lookIntervalMs, undefined, { signal }).catch(() => {});
    await Promise.race([tick, ...through]);
    woken.abort();
    await tick;
  }

  /** Whether anything was claimed. */
  async #round(): Promise<boolean> {
    const { webhooks } = this.#parts;
    const rows = [...this.#busy.values()].reduce((sum, busy) => sum + busy.rows, 0);
    if (!webhooks.any || rows >= requestsMax) return false;
    const claimed = await webhooks.claim({
      exceptWebhookIds: [...this.#busy.keys()],
      exceptDomainIds: this.#fullDomains(),
      slowWebhookIds: [...this.#slow],
      limit: requestsMax - rows,
    });
    for (const [webhookId, events] of Map.groupBy(claimed, (event) => event.webhookId)) {
      const done = Promise.all(events.map((event) => this.#send(event))).then(() => {
        this.#busy.delete(webhookId);
      });
      const domainId = events[0]?.domainId ?? null;
      this.#busy.set(webhookId, { rows: events.length, domainId, done });
    }
    return claimed.length > 0;
  }

  /** Of which enough is under way. */
  #fullDomains(): string[] {
    const rowsOf = new Map<string, number>();
    for (const { domainId, rows } of this.#busy.values()) {
      if (domainId !== null) rowsOf.set(domainId, (rowsOf.get(domainId) ?? 0) + rows);
    }
    return [...rowsOf].flatMap(([id, rows]) => (rows >= requestsOfDomainMax ? [id] : []));
  }

  #rememberSpeed(webhookId: string, { status }: Posted, tookMs: number): void {
    if (status !== null && tookMs < slowAnswerMs) this.#slow.delete(webhookId);
    else if (this.#slow.size < slowWebhooksMax) this.#slow.add(webhookId);
    else this.#slow.clear();
  }

  /** Never rejects: an attempt that cannot be written down is made again when its claim is over. */
  async #send(event: ClaimedDelivery): Promise<void> {
    const { poster, webhooks, log, metrics } = this.#parts;
    const { deliveryId, webhookId } = event;
    const beganAtMs = performance.now();
    const posted = await poster.post(event, this.#stopping.signal);
    this.#rememberSpeed(webhookId, posted, performance.now() - beganAtMs);
    const settled = this.#settlementOf(event, posted);
    const { failure } = posted;
    const outcome = failure === null ? 'delivered' : failure === 'refused' ? 'refused' : 'failed';
    metrics.inc('poplar_webhook_attempts_total', outcome);
    this.#tellRefusal(event, posted);
    try {
      await webhooks.settle(settled);
    } catch (error) {
      log.warn({ deliveryId }, 'what became of an event could not be written down', error);
      return;
    }
    if (settled.state !== 'dead') return;
    metrics.inc('poplar_webhook_dead_letters_total');
    const told = { event: 'webhook', webhookId, deliveryId, outcome: 'dead', reason: failure };
    log.warn({ ...told, status: posted.status }, 'an event could not be sent to a webhook');
  }

  /** At the first of several: what its owner has to mend is not to be found out by a dead letter hours later. */
  #tellRefusal({ webhookId, deliveryId }: ClaimedDelivery, { failure }: Posted): void {
    if (failure !== 'refused') {
      if (failure === null) this.#refused.delete(webhookId);
      return;
    }
    if (this.#refused.has(webhookId)) return;
    // Told again rather than kept for ever.
    if (this.#refused.size >= refusedWebhooksMax) this.#refused.clear();
    this.#refused.add(webhookId);
    const told = { event: 'webhook', webhookId, deliveryId, outcome: 'refused', reason: failure };
    this.#parts.log.warn(told, 'a webhook leads where none may');
  }

  #settlementOf(event: ClaimedDelivery, { status, failure }: Posted): SettledAttempt {
    const { deliveryId, attempts } = event;
    const settled = { deliveryId, attempts, status, error: failure, delaySeconds: 0 };
    if (failure === null) return { ...settled, state: 'delivered' };
    if (failure === 'stopped') return { ...settled, state: 'pending' };
    if (attempts >= this.#timing.attemptsMax) return { ...settled, state: 'dead' };
    const delaySeconds = retryAfterSeconds(attempts, this.#timing.retrySecondsMin);
    return { ...settled, state: 'pending', delaySeconds };
  }

  async #tidyIfDue(): Promise<void> {
    const { webhooks, metrics, log } = this.#parts;
    const nowMs = performance.now();
    if (nowMs < this.#tidiedAtMs + this.#timing.tidyIntervalMs) return;
    this.#tidiedAtMs = nowMs;
    for (let rounds = 0; rounds < tidyRoundsMax; rounds += 1) {
      const { suspended, buried } = await webhooks.bury();
      metrics.add('poplar_webhook_dead_letters_total', buried);
      if (suspended > 0) log.warn({ event: 'webhook', suspended }, 'webhooks are too far behind');
      if (this.#ending.signal.aborted || suspended + buried === 0) break;
    }
    for (let rounds = 0; rounds < tidyRoundsMax; rounds += 1) {
      if (this.#ending.signal.aborted || (await webhooks.purge()) === 0) return;
    }
  }
}

/** The pause behind an attempt, counted from 1: doubled each time, less up to half by chance. */
export function retryAfterSeconds(
  attempts: number,
  firstSeconds: number = retrySecondsMin,
): number {
  const seconds = Math.min(retrySecondsMax, firstSeconds * 2 ** Math.min(attempts - 1, 30));
  return seconds * (0.5 + Math.random() / 2);
}
