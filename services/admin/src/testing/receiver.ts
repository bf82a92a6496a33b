/**
 * A receiver of events on loopback, for the tests of this service: a real server that keeps what it was
 * sent and answers as it is told to.
 */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';

interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export interface Receiver {
  readonly port: number;
  readonly url: string;
  readonly received: Received[];
  /** From now on. */
  answer: Answer;
  /** Resolves when so many requests were received. */
  until(count: number): Promise<void>;
  end(): Promise<void>;
}

const ok: Answer = (response) => void response.writeHead(204).end();

interface ReceiverOptions {
  readonly host?: string;
  readonly port?: number;
  /** Of TLS, which it speaks then. */
  readonly cert?: string;
  readonly key?: string;
}

export async function startReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const { host = '127.0.0.1', port = 0, cert, key } = options;
  const received: Received[] = [];
  let told = Promise.withResolvers<void>();
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(Buffer.from(piece));
    const body = Buffer.concat(pieces).toString();
    received.push({ path: request.url ?? '', headers: request.headers, body });
    receiver.answer(response, request);
    told.resolve();
    told = Promise.withResolvers();
  };
  const heard = (request: IncomingMessage, response: ServerResponse) =>
    void handle(request, response).catch(() => response.destroy());
  const server: Server | TlsServer =
    cert === undefined || key === undefined
      ? createServer(heard)
      : createTlsServer({ cert, key }, heard);
  server.listen(port, host);
  await once(server, 'listening');
  const bound = server.address();
  const at = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const receiver: Receiver = {
    port: at,
    url: `${cert === undefined ? 'http' : 'https'}://${host}:${at}/hook`,
    received,
    answer: ok,
    until: async (count) => {
      const late = AbortSignal.timeout(20_000);
      while (received.length < count) {
        if (late.aborted) throw new Error(`${received.length} of ${count} requests came`);
        await Promise.race([told.promise, once(late, 'abort')]);
      }
    },
    end: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return receiver;
}
