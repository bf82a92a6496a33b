/** The kernel's queues of real sockets, over each family, and of lines that the kernel might write. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { kernelListPieceOctets } from '../limits.ts';
import { kernelQueues, queuesIn } from './kernel-queue.ts';

const writtenOctets = 32 * 1024 * 1024;

/** Both ends of a connection to a listener there. */
async function pair(
  listenOn: string,
  connectTo: string,
): Promise<[server: Socket, client: Socket]> {
  const listener = createServer();
  listener.listen(0, listenOn);
  await once(listener, 'listening');
  const address = listener.address();
  assert.ok(typeof address === 'object' && address !== null);
  const client = connect({ port: address.port, host: connectTo });
  client.pause();
  const [server]: Socket[] = await once(listener, 'connection');
  listener.close();
  assert.ok(server !== undefined);
  return [server, client];
}

describe('kernelQueues', () => {
  for (const [listenOn, connectTo] of [
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', '127.17.0.250'],
    ['::', '127.0.0.1'],
    ['::1', '::1'],
  ] as const) {
    test(`${connectTo} at ${listenOn}: what was not read is there, and then no more`, async () => {
      const [server, client] = await pair(
        listenOn === '127.0.0.1' ? connectTo : listenOn,
        connectTo,
      );
      const [idle, other] = await pair('127.0.0.1', '127.0.0.1');
      server.write(Buffer.alloc(writtenOctets));
      await sleep(100);
      const queues = await kernelQueues([server, idle]);
      const octets = queues.get(server)?.octets ?? 0;
      assert.ok(octets > 64 * 1024 && octets < writtenOctets, `${octets} octets`);
      assert.deepEqual(queues.get(idle), { octets: 0, isUnanswered: false });

      client.resume();
      while (server.writableLength > 0) await once(server, 'drain');
      await sleep(100);
      const after = await kernelQueues([server]);
      assert.deepEqual(after.get(server), { octets: 0, isUnanswered: false });
      for (const socket of [server, client, idle, other]) socket.destroy();
      await sleep(20);
      assert.equal((await kernelQueues([server])).size, 0, 'a closed one is not there');
    });
  }
});

test('a list that is read in several pieces has all of them', async () => {
  const listener = createServer();
  const servers: Socket[] = [];
  listener.on('connection', (socket) => servers.push(socket));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  assert.ok(typeof address === 'object' && address !== null);
  const clients = Array.from({ length: 400 }, () =>
    connect({ port: address.port, host: '127.0.0.1' }),
  );
  while (servers.length < clients.length) await once(listener, 'connection');
  assert.ok((await readFile('/proc/net/tcp')).length > kernelListPieceOctets, 'several pieces');
  const queues = await kernelQueues(servers);
  assert.equal(queues.size, servers.length);
  for (const socket of [...servers, ...clients]) socket.destroy();
  listener.close();
});

describe('queuesIn', () => {
  const heading =
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
  const line = (tail: string): string => `   0: 0100007F:1F90 0200007F:C350 01 ${tail}\n`;
  for (const [what, tail, queue] of [
    [
      'a full queue',
      '002B1000:00000000 00:00000000 00000000  1000        0 12345 1 0 20 4 30 10 -1',
      { octets: 0x2b1000, isUnanswered: false },
    ],
    [
      'a repetition without an answer',
      '00000064:00000000 01:00000019 00000003  1000        0 12345 2 0 20 4 30 10 -1',
      { octets: 100, isUnanswered: true },
    ],
    [
      'a question for room without an answer',
      '00000064:00000000 04:00000019 00000000  1000       12 12345 2 0 20 4 30 10 -1',
      { octets: 100, isUnanswered: true },
    ],
  ] as const) {
    test(what, () => {
      assert.deepEqual(
        [...queuesIn(heading + line(tail))],
        [['0100007F:1F90 0200007F:C350', queue]],
      );
    });
  }

  test('a connection that is over is passed over, its neighbours are not', () => {
    const tail = '00000064:00000000 00:00000000 00000000  1000        0 12345 1 0 20 4 30 10 -1';
    const over = line(tail).replace(' 01 ', ' 06 ');
    const found = [...queuesIn(heading + over + line(tail) + over)];
    assert.deepEqual(
      found.map(([key]) => key),
      ['0100007F:1F90 0200007F:C350'],
    );
  });

  test('a line that is not understood says nothing', () => {
    assert.deepEqual([...queuesIn(`${heading}\n  0: x\n`)], []);
  });
});
