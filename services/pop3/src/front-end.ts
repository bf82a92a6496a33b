/**
 * What the connections of one worker share: settings, backends, admission, TLS, the clock, and the
 * one place where a connection's beginning, login and end are counted and logged.
 *
 * Never: a name or secret a client sent in a log before it was verified to be one of ours.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import {
  CommandTally,
  type Listing,
  type LoginNameRule,
  passwordLogins,
  type Secured,
  type SessionOptions,
} from '@poplar/protocol';
import type { Log, Span, TakeoverRule, Tracer } from '@poplar/runtime';
import { type AddressShares, Admission } from './admission.ts';
import { isCleartextAllowed } from './cleartext-rule.ts';
import type { Connection } from './connection/connection.ts';
import type { EndReason, StartReason } from './connection/end-reason.ts';
import { KernelLooks } from './connection/kernel-looks.ts';
import { LoginExchange, type Performed } from './connection/login-exchange.ts';
import { type Origin, proxyFields } from './connection/origin.ts';
import { type Incident, incidentCode } from './connection/outcome-for-error.ts';
import type { Backends } from './connection/perform.ts';
import type { Counters } from './counters.ts';
import { drainLingerMs, drainPollMs, endedGraceMs, lingerMs } from './limits.ts';
import type { LoginDesk } from './login/desk.ts';
import type { SecureEndpoint } from './tls/secure-endpoint.ts';

export type ListenerKind = 'pop3' | 'pop3s' | 'pop3-proxy' | 'pop3s-proxy';

/** The part of the configuration this service obeys. */
export interface Settings {
  readonly hostname: string;
  readonly cleartext: 'loopback' | 'always' | 'never';
  readonly connectionsMax: number;
  readonly loginTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** The window over which a client must take `octetsPerSecondMin` of what is sent to it. */
  readonly writeStallMs: number;
  readonly takeover: TakeoverRule;
  readonly idleTakeoverMs: number;
  /** How login names are read on each listener. */
  readonly nameRules: Readonly<Record<ListenerKind, LoginNameRule>>;
}

/** Outcomes and reasons that no client can bring about. */
const ourFaults: ReadonlySet<string> = new Set([
  ...['temporary', 'error', 'broken-message', 'not-updated', 'owner-lost', 'cut-off'],
]);

export interface FrontEndParts {
  readonly settings: Settings;
  readonly store: Backends['store'];
  readonly desk: (report: (error: unknown) => void) => LoginDesk;
  readonly tls: SecureEndpoint;
  readonly shares: AddressShares;
  readonly counters: Counters;
  readonly tracer: Tracer;
  readonly log: Log;
}

export class FrontEnd {
  readonly backends: Backends;
  readonly desk: LoginDesk;
  readonly tls: SecureEndpoint;
  readonly admission: Admission<Connection>;
  readonly kernelLooks: KernelLooks;
  readonly counters: Counters;
  readonly tally = new CommandTally();
  readonly #log: Log;
  readonly #tracer: Tracer;
  #settings: Settings;
  #isAdmitting = true;
  #lingerMs = lingerMs;

  constructor(parts: FrontEndParts) {
    this.#settings = parts.settings;
    this.tls = parts.tls;
    this.admission = new Admission(parts.settings.connectionsMax, parts.shares);
    this.kernelLooks = new KernelLooks(parts.settings);
    this.counters = parts.counters;
    this.#log = parts.log;
    this.#tracer = parts.tracer;
    this.backends = { store: parts.store, report: (incident) => this.#report(incident) };
    this.desk = parts.desk((error) => this.#report({ during: 'authenticate', error }));
  }

  get settings(): Settings {
    return this.#settings;
  }

  /** How long a client may take to close its side when ours is closed. */
  get lingerMs(): number {
    return this.#lingerMs;
  }

  /** Deadlines move for connections that stand, too; what was announced to them does not. */
  reconfigure(settings: Settings): void {
    this.#settings = settings;
    this.admission.connectionsMax = settings.connectionsMax;
    this.kernelLooks.obey(settings);
  }

  /** Monotonic: deadlines do not move with the wall clock. */
  nowMs(): number {
    return performance.now();
  }

  /** How a session begins: in the clear or under TLS, and whether TLS may follow. */
  sessionOptions(
    origin: Origin,
    transport: { readonly secured: Secured | null; readonly stlsOffered: boolean },
  ): SessionOptions {
    const { hostname, cleartext } = this.settings;
    const { secured, stlsOffered } = transport;
    return {
      ...passwordLogins,
      ...this.desk.announced(),
      ...secured,
      hostname,
      implementation: 'Poplar',
      tally: this.tally,
      tls: secured !== null,
      stlsOffered,
      cleartextAllowed: isCleartextAllowed(cleartext, origin),
    };
  }

  loginExchange(connection: Connection): LoginExchange {
    return new LoginExchange({
      desk: this.desk,
      rule: this.settings.nameRules[connection.listener],
      origin: connection.origin,
      isGone: () => connection.isClosed,
      onAbandoned: (performed) => this.loginTried(connection, performed, this.nowMs()),
    });
  }

  /** True when there was room for it. */
  began(connection: Connection): boolean {
    const admittance = this.#isAdmitting ? this.admission.admit(connection) : 'shutdown';
    if (admittance === 'admitted') {
      this.counters.connectionOpened(connection.listener);
      return true;
    }
    this.refused(connection.listener, admittance);
    return false;
  }

  /** A connection that was over before it was admitted. */
  refused(listener: ListenerKind, reason: StartReason): void {
    this.counters.connectionRefused(listener, reason);
  }

  handshaken(connection: Connection, resumed: boolean): void {
    const { listener, tlsVersion: version } = connection;
    this.counters.handshaken(listener, { isResumed: resumed, version });
  }

  /** One event for each attempt that came to its end, whatever that was. */
  loginTried(connection: Connection, performed: Performed, startedAtMs: number): void {
    const { result, mechanism } = performed;
    if (result === null) return;
    const isOpened = result.kind === 'opened';
    const outcome = isOpened ? 'opened' : result.refusal;
    const reason = isOpened ? 'opened' : result.reason;
    const durationMs = this.nowMs() - startedAtMs;
    this.#trace('pop3.login', connection, {
      startedAtMs,
      attributes: { outcome, reason, mechanism },
    });
    this.counters.loginTried({ outcome, reason, mechanism, seconds: durationMs / 1_000 });
    this.#log.info(
      {
        event: 'login',
        session: connection.id,
        outcome,
        reason,
        mechanism,
        address: isOpened ? result.maildrop.address : result.address,
        actor: isOpened ? result.maildrop.actorAddress : null,
        remote: connection.origin.address,
        ...proxyFields(connection.origin),
        tls: connection.tlsVersion,
        durationMs: Math.round(durationMs),
      },
      'login',
    );
  }

  /** A login was answered with +OK; not for a client that left while we worked. */
  sessionBegan(connection: Connection, listing: Listing): void {
    this.admission.authenticated(connection);
    this.counters.sessionBegan(listing);
  }

  updated(connection: Connection, startedAtMs: number): void {
    const { flaggedMessages: messages } = connection;
    this.#trace('pop3.quit', connection, { startedAtMs, attributes: { messages } });
    this.counters.updated(messages, (this.nowMs() - startedAtMs) / 1_000);
  }

  /** A connection is over; called once for each that was admitted. */
  ended(connection: Connection): void {
    this.admission.release(connection);
    const durationMs = this.nowMs() - connection.acceptedAtMs;
    this.counters.connectionEnded(connection, durationMs / 1_000);
    const { session, address } = connection;
    if (address === null) {
      this.#endedBefore(connection, durationMs);
      return;
    }
    const { endReason: reason, acceptedAtMs } = connection;
    this.#trace('pop3.session', connection, {
      startedAtMs: acceptedAtMs,
      attributes: { reason },
    });
    this.#log.info(
      {
        event: 'session',
        reason: connection.endReason,
        session: connection.id,
        address,
        remote: connection.origin.address,
        ...proxyFields(connection.origin),
        tls: connection.tlsVersion,
        durationMs: Math.round(durationMs),
        octetsIn: connection.octetsIn,
        octetsOut: connection.octetsOut,
        retrieved: session?.retrieved ?? 0,
        topped: session?.topped ?? 0,
        marked: session?.marked ?? 0,
        flagged: connection.flaggedMessages,
      },
      'session ended',
    );
  }

  /** A connection that had opened no maildrop: of use to whoever looks for why a client does not come in. */
  #endedBefore(connection: Connection, durationMs: number): void {
    this.#log.debug(
      {
        reason: connection.endReason,
        session: connection.id,
        remote: connection.origin.address,
        ...proxyFields(connection.origin),
        tls: connection.tlsVersion,
        durationMs: Math.round(durationMs),
        octetsIn: connection.octetsIn,
        octetsOut: connection.octetsOut,
      },
      'connection ended without a maildrop',
    );
  }

  /** Looks at every connection's deadlines. */
  sweep(): void {
    const nowMs = this.nowMs();
    this.#forEach((connection) => connection.sweep(nowMs));
    void this.kernelLooks.look(this.nowMs);
  }

  /** The locks of these sessions, or of all, are void. Nothing they marked is removed. */
  dropSessions(isLost: (token: string) => boolean = () => true): void {
    this.#forEach((connection) => {
      const { lockToken } = connection;
      if (lockToken !== null && isLost(lockToken)) connection.shutDown('owner-lost');
    });
  }

  /** Ends all sessions, or the one that has this lock, by a word if they are idle. */
  endSessions(reason: EndReason, token: string | null = null): void {
    const endByMs = this.nowMs() + endedGraceMs;
    this.#forEach((connection) => {
      const { lockToken } = connection;
      if (lockToken === null || (token !== null && token !== lockToken)) return;
      connection.shutDown(reason, endByMs);
    });
  }

  /** Another login wants a maildrop that is open here, or an administrator wants it closed. */
  lockAsked(kind: 'check' | 'end', token: string): void {
    if (kind === 'end') {
      this.endSessions('kicked', token);
      return;
    }
    this.#forEach((connection) => {
      if (connection.lockToken === token) connection.giveWay();
    });
  }

  /** Takes clients, or none: those that are there end at their next idle moment or at the deadline. */
  admit(isAdmitting: boolean, deadlineMs: number): void {
    this.#isAdmitting = isAdmitting;
    if (isAdmitting) return;
    const endByMs = this.nowMs() + deadlineMs;
    this.#forEach((connection) => connection.shutDown('shutdown', endByMs));
  }

  /** Ends every connection at its next idle moment, and those that have none at the deadline. */
  async drain(deadlineMs: number): Promise<void> {
    const endAtMs = this.nowMs() + deadlineMs;
    this.desk.drain();
    this.#lingerMs = drainLingerMs;
    this.#forEach((connection) => connection.shutDown('shutdown'));
    while (this.admission.all.size > 0 && this.nowMs() < endAtMs) {
      await sleep(drainPollMs);
      this.sweep();
    }
    for (const connection of this.admission.all) connection.destroy('shutdown');
  }

  /** Something was thrown while this connection was served: ours to mend, so it is told in full. */
  connectionBroke(connection: Pick<Connection, 'id' | 'address' | 'origin'>, error: unknown): void {
    this.#log.error(
      {
        event: 'failure',
        during: 'connection',
        session: connection.id,
        code: incidentCode(error),
        address: connection.address,
        remote: connection.origin.address,
      },
      'a connection failed',
      error,
    );
  }

  /** Of what ends now. What is not a client's doing is a failure. */
  #trace(name: string, { id }: Connection, what: Pick<Span, 'startedAtMs' | 'attributes'>): void {
    if (!this.#tracer.isOn) return;
    const isFailed = Object.values(what.attributes).some((value) => ourFaults.has(String(value)));
    const isWhole = name === 'pop3.session';
    this.#tracer.record({ ...what, name, id, isWhole, isFailed, endedAtMs: this.nowMs() });
  }

  /** What one of them throws ends that one, not the round. */
  #forEach(ask: (connection: Connection) => void): void {
    for (const connection of this.admission.all) {
      try {
        ask(connection);
      } catch (error) {
        connection.broke(error);
      }
    }
  }

  #report(incident: Incident): void {
    const code = incidentCode(incident.error);
    this.counters.storeFailed(code);
    this.#log.error(
      { event: 'failure', during: incident.during, code },
      'a call on the store failed',
      incident.error,
    );
  }
}
