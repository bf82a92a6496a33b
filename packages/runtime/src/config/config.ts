/**
 * What a node is told before it starts: one frozen object of plain data, so that it can be printed
 * and handed to a worker thread as it is.
 *
 * Never: a function, a promise or a class instance in here; a default that is written anywhere but
 * in load-config.ts, listener-settings.ts and auth-settings.ts.
 */

import type { AuthSettings } from './auth-settings.ts';

export const roles = ['pop3', 'maildrop', 'admin'] as const;
export type Role = (typeof roles)[number];

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface TcpAddress {
  readonly host: string;
  /** 0 asks for any free port; the main thread resolves it before a worker hears of it. */
  readonly port: number;
}

export interface PathAddress {
  /** Of a unix socket. */
  readonly path: string;
}

export type Address = TcpAddress | PathAddress;

/** `stls`: cleartext, upgraded by the STLS command. `implicit`: TLS from the first octet. */
export type Pop3TlsMode = 'none' | 'stls' | 'implicit';

export interface Pop3Listener extends TcpAddress {
  readonly tls: Pop3TlsMode;
}

/** Where passwords are taken outside TLS: from loopback peers (RFC 8314), from all, from none. */
export type CleartextRule = 'loopback' | 'always' | 'never';

/**
 * When a session gives its maildrop up for another login: never; when its client is as good as gone; or
 * also when it has been silent for `limits.idleTakeoverMs`. One that has marked messages never does.
 */
export const takeoverRules = ['never', 'dead', 'idle'] as const;
export type TakeoverRule = (typeof takeoverRules)[number];

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Limits {
  /** POP3 connections of the whole node; each worker takes an equal share. */
  readonly connectionsMax: number;
  /** POP3 connections of one IPv4 address or IPv6 /64 with the whole node. */
  readonly connectionsPerAddressMax: number;
  /** From accept to a successful login. */
  readonly loginTimeoutMs: number;
  readonly tlsHandshakeTimeoutMs: number;
  /** Silence of a client that is logged in: at least 10 minutes by RFC 1939 section 3. */
  readonly idleTimeoutMs: number;
  /** A client that takes less than 64 octets a second of what is sent, over this long, is cut off. */
  readonly writeStallMs: number;
  /** How long `/readyz` says no after SIGTERM before anything else ends: balancers look elsewhere. */
  readonly drainNoticeMs: number;
  /** From then on to the end of sessions that are still busy. */
  readonly drainTimeoutMs: number;
  /** Of one message taken in by LMTP or import, unstuffed. */
  readonly messageOctetsMax: number;
  /** Message lists each worker keeps for polls that find nothing new. */
  readonly snapshotCacheOctets: number;
  /** How long a login waits for a maildrop that another session has. */
  readonly lockWaitMs: number;
  /** With `locks.takeover` `idle`: silence after which a session gives way to another login. */
  readonly idleTakeoverMs: number;
  /** JavaScript heap of one worker thread, in MiB; buffers are not counted. */
  readonly workerHeapMib: number;
  /** PostgreSQL connections of each worker for short statements and for large bodies together. */
  readonly databaseConnectionsMax: number;
}

export interface Listeners {
  readonly pop3: Pop3Listener | null;
  readonly pop3s: Pop3Listener | null;
  /** For load balancers: these demand a PROXY header, and a peer in `proxy.trusted`. */
  readonly pop3Proxy: Pop3Listener | null;
  readonly pop3sProxy: Pop3Listener | null;
  /** Of login names without one there, and behind a PROXY header; null: `auth.defaultDomain`. */
  readonly pop3DefaultDomain: string | null;
  readonly pop3sDefaultDomain: string | null;
  readonly lmtp: readonly Address[];
  readonly ops: TcpAddress | null;
  readonly admin: TcpAddress | null;
}

export interface Config {
  readonly roles: readonly Role[];
  /** POP3 worker threads. */
  readonly workers: number;
  /** Unique among the nodes that share a database; owner rows carry it. */
  readonly nodeName: string;
  /** What greetings, Received lines and the self-signed certificate call this host. */
  readonly hostname: string;
  /** Absolute. */
  readonly dataDir: string;
  readonly database: {
    /** Null asks for the embedded server. Workers always see a URL. */
    readonly url: string | null;
  };
  readonly tls: {
    /** Null, both of them: a self-signed certificate is made once. */
    readonly certFile: string | null;
    readonly keyFile: string | null;
    /** Chosen by the name the client asks for (SNI). */
    readonly certificates: readonly CertificateFiles[];
    /** Authorities whose client certificates may log in; null: none are asked for. */
    readonly clientCaFile: string | null;
  };
  readonly listeners: Listeners;
  readonly proxy: {
    /** Networks, `10.0.0.0/8` or `2001:db8::/32`, whose PROXY headers are believed. */
    readonly trusted: readonly string[];
  };
  readonly cleartext: CleartextRule;
  readonly locks: {
    readonly takeover: TakeoverRule;
  };
  readonly limits: Limits;
  readonly auth: AuthSettings;
  readonly logLevel: LogLevel;
  readonly probe: {
    /** The mailbox that `/probez` logs in to; null, both of them: there is no probe. */
    readonly address: string | null;
    /** All of it is the password, but for a line end at its end. */
    readonly passwordFile: string | null;
  };
  readonly webhooks: {
    /** Networks of this site's own that webhooks may lead to; without it public addresses alone. */
    readonly allowedNetworks: readonly string[];
    /** Whether webhooks may go over http, too: in a closed network. */
    readonly http: boolean;
  };
  readonly tracing: {
    /** Of a collector of OpenTelemetry (OTLP over HTTP), without `/v1/traces`; null: no traces. */
    readonly url: string | null;
  };
  /** Where each value came from: `default`, the name of a variable, or the path of the file. */
  readonly sources: Readonly<Record<string, string>>;
  /** By key, what the file has beside a variable that goes before it, as JSON. Never to be printed: it may be a secret. */
  readonly hidden: Readonly<Record<string, string>>;
  /** One line for each setting that is taken and should be another. */
  readonly warnings: readonly string[];
}

/** `host:port` or `unix:path`, as a person would write it; IPv6 in brackets. */
export function printAddress(address: Address): string {
  if ('path' in address) return `unix:${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}
