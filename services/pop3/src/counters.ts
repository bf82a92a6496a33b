/**
 * What this role counts, in the runtime's metrics: the one place that knows their names.
 */

import type { CommandTally, Listing } from '@poplar/protocol';
import type { MetricSet } from '@poplar/runtime';
import type { Connection } from './connection/connection.ts';
import type { StartReason } from './connection/end-reason.ts';
import type { ListenerKind } from './front-end.ts';
import type { LoginDesk } from './login/desk.ts';

export class Counters {
  readonly #metrics: MetricSet;
  #seconds = 0;

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
  loginsStand(desk: LoginDesk): void {
    const { hashesWaiting, hashesRunning, passwords } = desk;
    this.#metrics.set('poplar_hashes_waiting', hashesWaiting);
    this.#metrics.set('poplar_hashes_running', hashesRunning);
    this.#metrics.set('poplar_verification_cache_hits_total', passwords.cacheHits);
    this.#metrics.set('poplar_verification_cache_misses_total', passwords.cacheMisses);
  }

  /** Commands that were answered in one go, so many seconds after they could be looked at. */
  answered(tally: CommandTally, seconds: number): void {
    this.#seconds = seconds;
    tally.empty(this.#count);
  }

  // A field that is a function: made once, not for each command.
  readonly #count = (verb: string, isOk: boolean, times: number): void => {
    this.#metrics.add('poplar_commands_total', times, verb, isOk ? 'ok' : 'err');
    const seen = { value: this.#seconds, label: verb, times };
    this.#metrics.observeTimes('poplar_command_duration_seconds', seen);
  };

  hashed(seconds: number): void {
    this.#metrics.observe('poplar_hash_duration_seconds', seconds);
  }

  sessionBegan({ count, totalOctets }: Listing): void {
    this.#metrics.add('poplar_sessions', 1);
    this.#metrics.observe('poplar_opened_maildrop_messages', count);
    this.#metrics.observe('poplar_opened_maildrop_bytes', totalOctets);
  }

  updated(messages: number, seconds: number): void {
    this.#metrics.add('poplar_messages_flagged_total', messages);
    this.#metrics.observe('poplar_update_duration_seconds', seconds);
  }

  handshaken(listener: ListenerKind, tls: { isResumed: boolean; version: string | null }): void {
    const session = tls.isResumed ? 'resumed' : 'new';
    this.#metrics.inc('poplar_tls_handshakes_total', listener, session);
    this.#metrics.inc('poplar_tls_versions_total', tls.version ?? 'other');
  }

  storeFailed(code: string): void {
    this.#metrics.inc('poplar_store_errors_total', code);
  }

  connectionEnded(connection: Connection, seconds: number): void {
    const { listener, endReason, address, session } = connection;
    this.#metrics.add('poplar_connections', -1, listener);
    this.#metrics.inc('poplar_connections_closed_total', listener, endReason);
    if (endReason === 'stls-injection') this.#metrics.inc('poplar_stls_injections_total');
    this.#metrics.add('poplar_received_bytes_total', connection.octetsIn, listener);
    this.#metrics.add('poplar_sent_bytes_total', connection.octetsOut, listener);
    if (address === null) return;
    this.#metrics.add('poplar_sessions', -1);
    this.#metrics.observe('poplar_session_duration_seconds', seconds);
    this.#metrics.add('poplar_messages_marked_total', session?.marked ?? 0);
    this.#metrics.add('poplar_messages_retrieved_total', session?.retrieved ?? 0);
    this.#metrics.add('poplar_retrieved_bytes_total', connection.messageOctets);
  }
}
