/**
 * What the connections of one worker share: settings, backends, admission, TLS, the clock, and the
 * one place where a connection's beginning, login and end are counted and logged.
 *
 * Never: a name or secret a client sent in a log before it was verified to be one of ours.
 */

import { isIPv4 } from 'node:net';
import type { Attempt, SessionOptions } from '@poplar/protocol';
import type { Log } from '@poplar/runtime';
import { Admission } from './admission.ts';
import type { Connection } from './connection/connection.ts';
import { type Incident, incidentCode } from './connection/outcome-for-error.ts';
import type { Authenticated, Backends } from './connection/perform.ts';
import type { Counters } from './counters.ts';
import type { SecureEndpoint } from './tls/secure-endpoint.ts';

export type ListenerKind = 'pop3' | 'pop3s';

/** The part of the configuration this service obeys. */
export interface Settings {
  readonly hostname: string;
  readonly cleartext: 'loopback' | 'always' | 'never';
  readonly connectionsMax: number;
  readonly loginTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly writeStallMs: number;
}

export interface FrontEndParts {
  readonly settings: Settings;
  readonly backends: Omit<Backends, 'report'>;
  readonly tls: SecureEndpoint;
  readonly counters: Counters;
  readonly log: Log;
}

const loopback = /^(?:127\.|::1$|::ffff:127\.)/;

export class FrontEnd {
  readonly settings: Settings;
  readonly backends: Backends;
  readonly tls: SecureEndpoint;
  readonly admission: Admission<Connection>;
  readonly #counters: Counters;
  readonly #log: Log;

  constructor(parts: FrontEndParts) {
    this.settings = parts.settings;
    this.tls = parts.tls;
    this.admission = new Admission(parts.settings.connectionsMax);
    this.#counters = parts.counters;
    this.#log = parts.log;
    this.backends = { ...parts.backends, report: (incident) => this.#report(incident) };
  }

  /** Monotonic: deadlines do not move with the wall clock. */
  nowMs(): number {
    return performance.now();
  }

  sessionOptions(remoteAddress: string, secure: boolean): SessionOptions {
    const { hostname, cleartext } = this.settings;
    return {
      hostname,
      implementation: 'Poplar',
      tls: secure,
      stlsOffered: true,
      cleartextAllowed:
        cleartext === 'always' || (cleartext === 'loopback' && loopback.test(remoteAddress)),
    };
  }

  /** True when there was room for it. */
  began(connection: Connection): boolean {
    const admitted = this.admission.admit(connection);
    this.#counters.connectionOpened(connection.listener, admitted);
    return admitted;
  }

  loginTried(connection: Connection, attempt: Attempt, result: Authenticated): void {
    const outcome = result.kind === 'opened' ? 'opened' : result.refusal;
    this.#counters.loginTried(attempt.mechanism, outcome);
    this.#log.info({
      event: 'login',
      outcome,
      mechanism: attempt.mechanism,
      remote: connection.remoteAddress,
      tls: connection.tlsVersion,
      ...(result.kind === 'opened' && { address: result.maildrop.address }),
    });
  }

  ended(connection: Connection): void {
    this.admission.release(connection);
    const { session } = connection;
    this.#counters.connectionEnded(connection);
    if (connection.address === null) return;
    this.#log.info({
      event: 'session',
      reason: connection.endReason,
      address: connection.address,
      remote: connection.remoteAddress,
      tls: connection.tlsVersion,
      durationMs: Math.round(this.nowMs() - connection.acceptedAtMs),
      octets: connection.octetsOut,
      retrieved: session?.retrieved ?? 0,
      topped: session?.topped ?? 0,
      marked: session?.marked ?? 0,
      flagged: connection.flaggedMessages,
    });
  }

  #report(incident: Incident): void {
    const code = incidentCode(incident.error);
    this.#counters.storeFailed(code);
    this.#log.error({ event: 'failure', during: incident.during, code, err: incident.error });
  }
}

/** Printable form of where a listener answers. */
export function printableAddress(host: string, port: number): string {
  return isIPv4(host) || !host.includes(':') ? `${host}:${port}` : `[${host}]:${port}`;
}
