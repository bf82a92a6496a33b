/**
 * TLS for LMTP by STARTTLS (RFC 3207): the node's default certificate, since mail servers ask for no
 * other name. Sockets of both kinds, TCP and unix, are wrapped alike.
 *
 * Never: TLS below 1.2 (RFC 9325); renegotiation. The handshake's deadline is the connection's.
 */

import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { CertificateSet } from '@poplar/runtime';

export class StartTls {
  readonly #ticketKeys: Buffer;
  #context: SecureContext;

  constructor(certificates: CertificateSet, ticketKeys: Uint8Array) {
    this.#ticketKeys = Buffer.from(ticketKeys);
    this.#context = this.#contextOf(certificates);
  }

  /** For handshakes from now on. */
  reload(certificates: CertificateSet): void {
    this.#context = this.#contextOf(certificates);
  }

  /** Starts the server's side of a handshake; `secured` is called when it is complete. */
  wrap(socket: Socket, secured: () => void): TLSSocket {
    const wrapped = new TLSSocket(socket, { isServer: true, secureContext: this.#context });
    wrapped.once('secure', () => {
      wrapped.disableRenegotiation();
      secured();
    });
    return wrapped;
  }

  #contextOf({ default: { cert, key } }: CertificateSet): SecureContext {
    return createSecureContext({
      cert,
      key,
      minVersion: 'TLSv1.2',
      ticketKeys: this.#ticketKeys,
      sessionIdContext: 'poplar-lmtp',
    });
  }
}
