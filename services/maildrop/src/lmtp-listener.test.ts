/** The listener: a bound on connections, and a drain that leaves nobody behind. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { ListenError } from '@poplar/runtime';
import type { EndReason } from './lmtp-connection.ts';
import { LmtpListener } from './lmtp-listener.ts';

/** Connections that do nothing until they are told to end. */
function listenerOf(connectionsMax: number, obeysDrain: boolean) {
  const closed: string[] = [];
  const listener = new LmtpListener({
    connect: (socket: Socket, ended: (reason: EndReason) => void) => {
      let reason: EndReason = 'client-closed';
      socket.on('error', () => {});
      socket.on('close', () => ended(reason));
      socket.resume();
      const destroy = (why: EndReason) => {
        reason = why;
        socket.destroy();
      };
      return { drain: () => obeysDrain && destroy('quit'), destroy, sweep: () => {} };
    },
    opened: () => {},
    closed: (reason) => closed.push(reason),
    connectionsMax,
  });
  return { listener, closed };
}

function portOf(printed: string): number {
  return Number(printed.slice(printed.lastIndexOf(':') + 1));
}

test('one connection too many is told so', async () => {
  const { listener, closed } = listenerOf(1, true);
  const printed = await listener.listen({ host: '127.0.0.1', port: 0 });
  assert.match(printed, /^lmtp 127\.0\.0\.1:[1-9][0-9]*$/);
  const first = connect(portOf(printed), '127.0.0.1');
  await once(first, 'connect');
  const second = connect(portOf(printed), '127.0.0.1');
  assert.equal(await text(second), '421 4.3.2 Too many connections\r\n');
  assert.deepEqual([closed, listener.connections], [['full'], 1]);
  await listener.drain(1_000);
  assert.deepEqual(closed, ['full', 'quit']);
});

test('drain cuts off who has not ended in time, and accepts nobody', async () => {
  const { listener, closed } = listenerOf(10, false);
  const port = portOf(await listener.listen({ host: '127.0.0.1', port: 0 }));
  const client = connect(port, '127.0.0.1');
  client.on('error', () => {});
  await once(client, 'connect');
  while (listener.connections === 0) await new Promise((resolve) => setImmediate(resolve));
  const startedAtMs = performance.now();
  const drained = listener.drain(50);
  const [error] = await once(connect(port, '127.0.0.1'), 'error');
  assert.equal(error.code, 'ECONNREFUSED');
  await drained;
  assert.ok(performance.now() - startedAtMs >= 45);
  assert.deepEqual(closed, ['shutdown']);
});

test('an address in use is one line', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { listener } = listenerOf(1, true);
  await assert.rejects(listener.listen({ host: '127.0.0.1', port }), (error: unknown) => {
    assert.ok(error instanceof ListenError);
    assert.equal(
      error.message,
      `lmtp cannot listen on 127.0.0.1:${port}: the address is already in use; choose another with POPLAR_LISTEN_LMTP`,
    );
    return true;
  });
  await listener.drain(0);
  taken.close();
});
