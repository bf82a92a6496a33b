/** A body that trickles costs its sender the connection; a slow reader on our side costs nobody anything. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';
import { watchBodies } from './body-pace.ts';

const windowMs = 600;
const app = Fastify();
watchBodies(app, { windowMs, octetsMin: 200 });
app.addContentTypeParser('application/octet-stream', (_request, payload, done) =>
  done(null, payload),
);
app.post('/taken', async ({ raw }) => {
  let octets = 0;
  for await (const piece of raw) octets += Buffer.byteLength(piece);
  return { octets };
});
app.post('/slowly', async ({ raw }) => {
  await sleep(3 * windowMs);
  let octets = 0;
  for await (const piece of raw) octets += Buffer.byteLength(piece);
  return { octets };
});
app.get('/page', async () => 'a page');
before(() => app.listen({ port: 0, host: '127.0.0.1' }));
after(() => app.close());

interface Sender {
  readonly socket: Socket;
  heard: string;
  isClosed: boolean;
}

async function begin(head: string, octets: number): Promise<Sender> {
  const address = app.addresses()[0];
  const port = typeof address === 'object' ? address.port : 0;
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  const sender: Sender = { socket, heard: '', isClosed: false };
  socket.on('data', (bytes: Buffer) => {
    sender.heard += bytes.toString();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    sender.isClosed = true;
  });
  socket.write(
    `${head} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\nContent-Length: ${octets}\r\n\r\n`,
  );
  return sender;
}

async function trickle(sender: Sender, octetsEach: number, untilMs: number): Promise<void> {
  const endMs = performance.now() + untilMs;
  while (performance.now() < endMs && !sender.isClosed) {
    sender.socket.write('x'.repeat(octetsEach));
    await sleep(windowMs / 12);
  }
}

for (const head of ['POST /taken', 'POST /nothing', 'GET /page']) {
  test(`${head} with a body that trickles is lost within three windows`, async () => {
    const sender = await begin(head, 1_000_000);
    await trickle(sender, 1, 10 * windowMs);
    assert.equal(sender.isClosed, true);
    sender.socket.destroy();
  });
}

test('one that brings enough goes on', async () => {
  const sender = await begin('POST /taken', 100_000);
  await trickle(sender, 100, 4 * windowMs);
  assert.equal(sender.isClosed, false);
  sender.socket.destroy();
});

test('one that waits for us is not lost', async () => {
  const sender = await begin('POST /slowly', 4_000_000);
  sender.socket.write('x'.repeat(4_000_000));
  while (!sender.heard.includes('4000000') && !sender.isClosed) await sleep(20);
  assert.match(sender.heard, /^HTTP\/1\.1 200/);
  sender.socket.destroy();
});
