/**
 * A receiver of webhooks on loopback: a real HTTP server that keeps what it was sent, checks the signature
 * of each as docs/operations/webhooks.md says it, and answers with what it is told to.
 *
 * Never: an answer to a request whose signature is wrong.
 */

import assert from 'node:assert/strict';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

interface ReceivedEvent {
  readonly id: string;
  readonly event: string;
  readonly domain: string | null;
  readonly mailbox: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface EventReceiver {
  readonly url: string;
  readonly events: readonly ReceivedEvent[];
  /** Of the webhook, once that is made. */
  secret: string;
  /** Null: requests are taken and not answered. */
  status: number | null;
  end(): Promise<void>;
}

/** Whether somebody who knows the secret made this, within five minutes. */
function isSigned(header: string, body: string, secret: string): boolean {
  const [, time = '', rest = ''] = /^t=(\d+),(.*)$/.exec(header) ?? [];
  const wanted = createHmac('sha256', secret).update(`${time}.${body}`).digest();
  const isRecent = Math.abs(Date.now() / 1_000 - Number(time)) < 300;
  const given = rest.split(',').map((part) => Buffer.from(part.replace(/^v1=/, ''), 'hex'));
  return isRecent && given.some((v1) => v1.length === 32 && timingSafeEqual(v1, wanted));
}

export async function startEventReceiver(): Promise<EventReceiver> {
  const events: ReceivedEvent[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(Buffer.from(piece));
    const body = Buffer.concat(pieces).toString();
    const signature = String(request.headers['poplar-signature']);
    if (!isSigned(signature, body, receiver.secret)) {
      response.writeHead(401).end();
      return;
    }
    events.push(Object(JSON.parse(body)));
    if (receiver.status !== null) response.writeHead(receiver.status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  assert.ok(typeof bound === 'object' && bound !== null);
  const receiver: EventReceiver = {
    ...{ url: `http://127.0.0.1:${bound.port}/hook`, events, secret: '', status: 204 },
    end: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return receiver;
}
