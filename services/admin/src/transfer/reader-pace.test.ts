/**
 * Clients over real sockets who take much, little now and then, or nothing of what an API gives out; the window is
 * short here, and nothing is said of how fast anything is.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';
import { type Pace, paced } from './reader-pace.ts';
import { Running } from './running.ts';

const withinMs = 30_000;
const large = 64 * 1024 * 1024;

interface Served {
  readonly port: number;
  /** How the stream's job was told to have broken. */
  readonly broken: Promise<string>;
  end(): Promise<void>;
}

/** Gives out one piece that is larger than any kernel holds. */
async function served(pace: Pace): Promise<Served> {
  const app = Fastify();
  const running = new Running(app, pace);
  const { promise: broken, resolve } = Promise.withResolvers<string>();
  app.get('/', async (_request, reply) => {
    const keeper = { broke: async (state: string) => resolve(state) };
    async function* pieces(): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.alloc(large, 'x');
        await keeper.broke('complete');
      } finally {
        await keeper.broke('interrupted');
      }
    }
    return reply.send(
      running.stream({ pieces, keeper, response: reply.raw, waitingOctets: 65_536 }),
    );
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const bound = app.server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return { port, broken, end: () => app.close() };
}

/** Reads `read` says how, until the stream is over. */
async function outcome(pace: Pace, read: (socket: ReturnType<typeof connect>) => Promise<void>) {
  const { port, broken, end } = await served(pace);
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  try {
    await once(socket, 'connect');
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const reading = read(socket);
    const late = sleep(withinMs, 'late', { ref: false });
    const state = await Promise.race([broken, late]);
    socket.destroy();
    await reading;
    return state;
  } finally {
    socket.destroy();
    await end();
  }
}

test('who takes nothing is lost', async () => {
  assert.equal(
    await outcome({ windowMs: 300, octetsMin: 1 }, async () => undefined),
    'interrupted',
  );
});

test('who takes a little now and then is lost', async () => {
  const state = await outcome({ windowMs: 400, octetsMin: large }, async (socket) => {
    while (!socket.destroyed) {
      socket.read();
      socket.resume();
      await sleep(5);
      socket.pause();
      await sleep(60);
    }
  });
  assert.equal(state, 'interrupted');
});

test('who takes it steadily has all of one large piece, over many windows', async () => {
  const state = await outcome({ windowMs: 20_000, octetsMin: 1 }, async (socket) => {
    socket.resume();
    await once(socket, 'close').catch(() => undefined);
  });
  assert.equal(state, 'complete');
});

async function* three(): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < 3; at += 1) {
    // Nothing waits for the client meanwhile.
    await sleep(60);
    yield Buffer.alloc(10);
  }
}

test('a client is not lost for what it did not have to take yet', async () => {
  let lost = 0;
  const pace = { windowMs: 50, octetsMin: 1_000 };
  for await (const piece of paced(three(), () => (lost += 1), pace)) assert.equal(piece.length, 10);
  assert.equal(lost, 0);
});

test('a client that takes each piece late is lost when a window of waiting is over', async () => {
  let lost = 0;
  const pace = { windowMs: 100, octetsMin: 31 };
  for await (const _piece of paced(three(), () => (lost += 1), pace)) await sleep(60);
  assert.ok(lost >= 1);
});

test('a large piece comes in slices, whole and in order', async () => {
  async function* one(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(Array.from({ length: 200_000 }, (_, at) => at % 251));
  }
  const parts: Buffer[] = [];
  for await (const piece of paced(one(), () => undefined)) parts.push(Buffer.from(piece));
  assert.ok(parts.length > 1);
  const whole = Buffer.concat(parts);
  assert.ok(whole.every((octet, at) => octet === at % 251) && whole.length === 200_000);
});
