/**
 * TLS for connections that were accepted elsewhere, implicit and by STLS alike. It is a tls.Server
 * that never listens: sockets are injected, and so get its handshake deadline, its tickets, its
 * certificates by name and its refusal of foreign ALPN protocols.
 *
 * Never: TLS below 1.2 or a cipher without forward secrecy (RFC 9325); renegotiation; an exception
 * on a name a stranger made up (the name selects a context from a fixed map or gets the default).
 */

import { hash } from 'node:crypto';
import type { Socket } from 'node:net';
import tls from 'node:tls';

interface Certificate {
  readonly cert: string;
  readonly key: string;
}

interface NamedCertificate extends Certificate {
  /** Lower-case host names, `*.example.org` for one label of wildcard. */
  readonly names: readonly string[];
}

export interface Certificates {
  readonly default: Certificate;
  readonly named: readonly NamedCertificate[];
  /** Authorities of client certificates; null: clients are not asked for one. */
  readonly clientCa: string | null;
}

export interface SecureEndpointOptions {
  readonly certificates: Certificates;
  /** 48 octets, the same in every worker, so that sessions resume in any of them. */
  readonly ticketKeys: Uint8Array;
  readonly handshakeTimeoutMs: number;
}

/** Whose socket is to be secured. */
export interface SecuredOwner {
  secured(socket: tls.TLSSocket): void;
  /** That threw. Must not throw. */
  broke(error: unknown): void;
}

const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** Emptied when it is over, so that nothing that still names it (a Map's former table) holds the owner. */
interface Handshake {
  owner: SecuredOwner | null;
}

export class SecureEndpoint {
  readonly #ticketKeys: Buffer;
  readonly #handshakeTimeoutMs: number;
  readonly #handshakes = new Map<string, Handshake>();
  #server: tls.Server;

  constructor(options: SecureEndpointOptions) {
    this.#ticketKeys = Buffer.from(options.ticketKeys);
    this.#handshakeTimeoutMs = options.handshakeTimeoutMs;
    this.#server = this.#serverFor(options.certificates);
  }

  /**
   * Starts the server's side of a handshake. The owner is told when it is complete; if it fails
   * or takes too long, the socket is destroyed instead.
   */
  secure(socket: Socket, owner: SecuredOwner): void {
    const key = keyOf(socket);
    const handshake: Handshake = { owner };
    this.#handshakes.set(key, handshake);
    socket.once('close', () => {
      handshake.owner = null;
      if (this.#handshakes.get(key) === handshake) this.#handshakes.delete(key);
    });
    this.#server.emit('connection', socket);
  }

  /** New certificates for new handshakes; connections that stand are not touched. */
  replaceCertificates(certificates: Certificates): void {
    this.#server = this.#serverFor(certificates);
  }

  #serverFor(certificates: Certificates): tls.Server {
    const { default: fallback, clientCa, named } = certificates;
    const isChosen = named.some(({ cert }) => cert !== fallback.cert);
    const server = tls.createServer({
      ...this.#settings(fallback, clientCa),
      handshakeTimeout: this.#handshakeTimeoutMs,
      allowHalfOpen: true,
      ALPNProtocols: ['pop3'],
      // A client without one, or with one that nobody vouches for, logs in by other means.
      requestCert: clientCa !== null,
      rejectUnauthorized: false,
      // It stops every handshake in its middle, also where there is one certificate for all names.
      ...(isChosen ? { SNICallback: this.#chooser(certificates) } : {}),
    });
    server.on('secureConnection', (socket) => this.#secured(socket));
    // After most failures Node has destroyed the socket, after a handshake that took too long it has
    // not. The owner of the raw socket hears of it by its 'close'.
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    return server;
  }

  #secured(socket: tls.TLSSocket): void {
    socket.disableRenegotiation();
    const key = keyOf(socket);
    const handshake = this.#handshakes.get(key);
    this.#handshakes.delete(key);
    const owner = handshake?.owner ?? null;
    if (handshake === undefined || owner === null) {
      socket.destroy();
      return;
    }
    handshake.owner = null;
    try {
      owner.secured(socket);
    } catch (error) {
      owner.broke(error);
    }
  }

  #chooser(certificates: Certificates): (name: string, done: SniDone) => void {
    const fallback = this.#context(certificates.default, certificates.clientCa);
    const contexts = this.#contextsOf(certificates);
    return (name, done) => done(null, contextFor(contexts, name) ?? fallback);
  }

  #settings(certificate: Certificate, clientCa: string | null): tls.SecureContextOptions {
    return {
      ...(clientCa === null ? {} : { ca: clientCa }),
      cert: certificate.cert,
      key: certificate.key,
      ticketKeys: this.#ticketKeys,
      // Not to be left out anywhere: another one, and no session of before is resumed.
      sessionIdContext: sessionContext(clientCa),
      minVersion: 'TLSv1.2',
      ciphers,
      honorCipherOrder: true,
    };
  }

  #context(certificate: Certificate, clientCa: string | null): tls.SecureContext {
    return tls.createSecureContext(this.#settings(certificate, clientCa));
  }

  #contextsOf(certificates: Certificates): Map<string, tls.SecureContext> {
    const contexts = new Map<string, tls.SecureContext>();
    for (const certificate of certificates.named) {
      const context = this.#context(certificate, certificates.clientCa);
      for (const name of certificate.names) contexts.set(name.toLowerCase(), context);
    }
    return contexts;
  }
}

type SniDone = (error: null, context: tls.SecureContext) => void;

function contextFor(
  contexts: ReadonlyMap<string, tls.SecureContext>,
  serverName: string,
): tls.SecureContext | undefined {
  const name = serverName.toLowerCase();
  const exact = contexts.get(name);
  if (exact !== undefined) return exact;
  const dot = name.indexOf('.');
  return dot < 0 ? undefined : contexts.get(`*${name.slice(dot)}`);
}

/**
 * What identifies a connection while it lives: a TLS socket has no public name for the one it wraps.
 * Of two living connections these four differ, and one that has died ends no handshake.
 */
function keyOf(socket: Socket): string {
  return `${socket.remoteAddress}|${socket.remotePort}|${socket.localAddress}|${socket.localPort}`;
}

/**
 * A ticket remembers that its client's certificate was verified: under other authorities it must not be
 * resumed.
 */
function sessionContext(clientCa: string | null): string {
  const authorities = clientCa === null ? '' : hash('sha256', clientCa, 'hex').slice(0, 16);
  return `poplar-${authorities}`;
}
