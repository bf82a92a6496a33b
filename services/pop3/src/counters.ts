/**
 * What this role counts, in the runtime's metrics: the one place that knows their names.
 */

import type { MetricSet } from '@poplar/runtime';
import type { Connection } from './connection/connection.ts';
import type { StartReason } from './connection/end-reason.ts';
import type { ListenerKind } from './front-end.ts';

export class Counters {
  readonly #metrics: MetricSet;

  constructor(metrics: MetricSet) {
    this.#metrics = metrics;
  }

  connectionOpened(listener: ListenerKind): void {
    this.#metrics.inc('poplar_connections_opened_total', listener);
    this.#metrics.add('poplar_connections', 1, listener);
  }

  /** A connection that was never admitted. */
  connectionRefused(listener: ListenerKind, reason: StartReason): void {
    this.#metrics.inc('poplar_connections_opened_total', listener);
    this.#metrics.inc('poplar_connections_closed_total', listener, reason);
  }

  loginTried(tried: {
    readonly outcome: string;
    readonly reason: string;
    readonly mechanism: string;
    readonly seconds: number;
  }): void {
    this.#metrics.inc('poplar_logins_total', tried.outcome, tried.mechanism);
    this.#metrics.inc('poplar_login_reasons_total', tried.reason);
    this.#metrics.observe('poplar_login_duration_seconds', tried.seconds);
  }

  /** Numbers that are kept elsewhere, as of now. */
  loginsStand(now: {
    readonly hashesWaiting: number;
    readonly cacheHits: number;
    readonly cacheMisses: number;
  }): void {
    this.#metrics.set('poplar_hashes_waiting', now.hashesWaiting);
    this.#metrics.set('poplar_verification_cache_hits_total', now.cacheHits);
    this.#metrics.set('poplar_verification_cache_misses_total', now.cacheMisses);
  }

  sessionBegan(): void {
    this.#metrics.add('poplar_sessions', 1);
  }

  updated(messages: number, seconds: number): void {
    this.#metrics.add('poplar_messages_flagged_total', messages);
    this.#metrics.observe('poplar_update_duration_seconds', seconds);
  }

  handshaken(listener: ListenerKind, resumed: boolean): void {
    this.#metrics.inc('poplar_tls_handshakes_total', listener, resumed ? 'resumed' : 'new');
  }

  storeFailed(code: string): void {
    this.#metrics.inc('poplar_store_errors_total', code);
  }

  connectionEnded(connection: Connection): void {
    const { listener, endReason, address, session } = connection;
    this.#metrics.add('poplar_connections', -1, listener);
    this.#metrics.inc('poplar_connections_closed_total', listener, endReason);
    if (endReason === 'stls-injection') this.#metrics.inc('poplar_stls_injections_total');
    if (address === null) return;
    this.#metrics.add('poplar_sessions', -1);
    this.#metrics.add('poplar_messages_retrieved_total', session?.retrieved ?? 0);
    this.#metrics.add('poplar_octets_retrieved_total', connection.messageOctets);
  }
}
