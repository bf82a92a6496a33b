/** What the API listens with: a request may take as long as it moves, and no longer. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeServer } from './listener.ts';

const silenceMs = 400;
const heard: string[] = [];

/** Says back what comes, as it comes. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  request.on('data', (bytes: Buffer) => {
    heard.push(bytes.toString());
    response.write(bytes);
  });
  request.on('end', () => response.end());
  request.on('error', () => {});
}

const { server } = makeServer(echo, {
  ...{ isLocal: true, silenceMs },
  certificates: { default: { cert: '', key: '' }, named: [], clientCa: null },
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
after(() => server.close());

async function posted(): Promise<Socket> {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const socket = connect({ host: '127.0.0.1', port });
  socket.resume();
  socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n');
  return socket;
}

test('a request that goes on is not ended for its length, one that has gone silent is', async () => {
  const socket = await posted();
  let isOver = false;
  const closed = once(socket, 'close').then(() => {
    isOver = true;
  });
  heard.length = 0;
  for (let piece = 0; piece < 12; piece += 1) {
    socket.write('1\r\nx\r\n');
    await sleep(silenceMs / 4);
  }
  assert.deepEqual([heard.join(''), isOver], ['x'.repeat(12), false]);
  await closed;
});
