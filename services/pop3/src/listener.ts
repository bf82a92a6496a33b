/**
 * One port of this worker. Every worker of the node listens on it too (SO_REUSEPORT) and the kernel
 * deals the connections out.
 *
 * Never: a connection that is counted nowhere; an accepted socket without an 'error' listener.
 */

import net from 'node:net';
import type { Pop3Listener } from '@poplar/runtime';
import { ListenError, listenProblem, printAddress } from '@poplar/runtime';
import { Connection } from './connection/connection.ts';
import type { ProxyArrivals } from './connection/proxy-start.ts';
import type { FrontEnd, ListenerKind } from './front-end.ts';
import { acceptBacklog } from './limits.ts';

export interface Place {
  readonly address: Pop3Listener;
  /** Other workers of this node listen there too. */
  readonly shared: boolean;
  /** Where connections begin with a PROXY header, and who reads it; else null. */
  readonly arrivals: ProxyArrivals | null;
}

export class Listener {
  readonly printable: string;
  readonly #kind: ListenerKind;
  readonly #address: Pop3Listener;
  readonly #shared: boolean;
  readonly #server: net.Server;

  constructor(frontEnd: FrontEnd, kind: ListenerKind, place: Place) {
    const { address, shared, arrivals } = place;
    this.#kind = kind;
    this.#address = address;
    this.#shared = shared;
    this.printable = `${kind} ${printAddress(address)}`;
    this.#server = net.createServer(
      {
        // A client that closes its sending side is still answered: `printf ... | nc` works.
        allowHalfOpen: true,
        noDelay: true,
      },
      (socket) => {
        const arrival = { socket, listener: kind, tlsMode: address.tls };
        if (arrivals !== null) {
          arrivals.accept(arrival);
          return;
        }
        const connection = new Connection({ frontEnd, ...arrival });
        if (frontEnd.began(connection)) connection.start();
        else socket.destroy();
      },
    );
    // A failing accept (no descriptors or memory left) must not end the worker and its sessions.
    this.#server.on('error', () => {});
  }

  /** Rejects with a ListenError. May follow a `stop`. */
  start(): Promise<void> {
    const { host, port } = this.#address;
    return new Promise((resolve, reject) => {
      const refused = (error: Error): void =>
        reject(new ListenError(listenProblem(this.#kind, this.#address, error)));
      this.#server.once('error', refused);
      this.#server.listen({ host, port, reusePort: this.#shared, backlog: acceptBacklog }, () => {
        this.#server.off('error', refused);
        resolve();
      });
    });
  }

  /** Accepts nobody from now on; connections that stand are not touched. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      // The callback would wait for all connections; accepting ends at once.
      this.#server.close();
      setImmediate(resolve);
    });
  }
}
