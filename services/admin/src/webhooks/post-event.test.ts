/**
 * One request of a webhook over real sockets: what it carries, where it goes, and that no receiver can
 * make it wait, read or go anywhere else.
 */

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { loadCertificates, loadConfig } from '@poplar/runtime';
import { type Receiver, startReceiver } from '../testing/receiver.ts';
import { answerOctetsMax } from './limits.ts';
import { EventPoster, type OutgoingEvent, type PosterParts } from './post-event.ts';
import { Reachable } from './reachable.ts';
import type { Resolve } from './resolver.ts';

let receiver: Receiver;
before(async () => {
  receiver = await startReceiver();
});
after(() => receiver.end());
beforeEach(() => {
  receiver.received.length = 0;
});

const payload = '{"event":"webhook.test"}';
const never = new AbortController().signal;

function eventTo(url: string, given: Partial<OutgoingEvent> = {}): OutgoingEvent {
  return {
    ...{ eventId: '0d8f6f6e-2b8a-4b57-9d6a-0a5b8b6f3a11', event: 'webhook.test', payload },
    ...{ attempts: 1, url, secret: 'whsec_one', formerSecret: null, ...given },
  };
}

function poster(given: Partial<PosterParts> = {}): EventPoster {
  const reachable = new Reachable(['127.0.0.0/8']);
  return new EventPoster({ allowsHttp: true, reachable, version: '0.0.0', ...given });
}

describe('a request', () => {
  test('is signed with its time and body, by each secret', async () => {
    const event = eventTo(receiver.url, { formerSecret: 'whsec_two', attempts: 3 });
    assert.deepEqual(await poster().post(event, never), { status: 204, failure: null });
    const [{ path, headers, body } = { path: '', headers: {}, body: '' }] = receiver.received;
    assert.deepEqual([path, body], ['/hook', payload]);
    assert.partialDeepStrictEqual(headers, {
      ...{ host: `127.0.0.1:${receiver.port}`, 'content-type': 'application/json' },
      ...{
        'poplar-event': 'webhook.test',
        'poplar-event-id': event.eventId,
        'poplar-attempt': '3',
      },
    });
    const [, time = '', one, two] =
      /^t=(\d+),v1=([0-9a-f]{64}),v1=([0-9a-f]{64})$/.exec(String(headers['poplar-signature'])) ??
      [];
    const signed = (secret: string) =>
      createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
    assert.deepEqual([one, two], [signed('whsec_one'), signed('whsec_two')]);
    assert.ok(Math.abs(Number(time) - Date.now() / 1_000) < 60);
  });

  test('goes over TLS to the address that was looked at, under the name', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'poplar-webhook-'));
    const named = { POPLAR_HOSTNAME: 'hooks.example.com', POPLAR_DATA_DIR: dataDir };
    const { default: made } = await loadCertificates(loadConfig(named, { file: null }));
    const [cert, key] = [String(made.cert), String(made.key)];
    const secure = await startReceiver({ cert, key });
    const asked: string[] = [];
    const resolve: Resolve = async (host) => {
      asked.push(host);
      return ['127.0.0.1'];
    };
    const reachable = new Reachable(['127.0.0.0/8'], { resolve });
    const to = (host: string) => eventTo(`https://${host}:${secure.port}/hook`);
    const sending = poster({ allowsHttp: false, reachable, ca: cert });
    const good = await sending.post(to('hooks.example.com'), never);
    assert.deepEqual(good, { status: 204, failure: null });
    assert.equal(secure.received[0]?.headers.host, `hooks.example.com:${secure.port}`);
    const other = await sending.post(to('other.example.com'), never);
    assert.deepEqual(other, { status: null, failure: 'tls' });
    const untrusted = await poster({ reachable }).post(to('hooks.example.com'), never);
    assert.deepEqual(untrusted, { status: null, failure: 'tls' });
    assert.equal(secure.received.length, 1);
    assert.deepEqual(asked, ['hooks.example.com', 'other.example.com', 'hooks.example.com']);
    await secure.end();
    rmSync(dataDir, { recursive: true });
  });
});

describe('what must not be reached', () => {
  test('a name that leads elsewhere the second time is asked for once', async () => {
    const answers = ['127.0.0.1', '127.0.0.2'];
    let asked = 0;
    const resolve: Resolve = async () => [answers[asked++] ?? ''];
    // What a rebinding name wants reached listens at the second address, on the same port.
    const inside = await startReceiver({ host: '127.0.0.2', port: receiver.port });
    const reachable = new Reachable(['127.0.0.1'], { resolve });
    const url = `http://rebinding.example:${receiver.port}/hook`;
    const first = await poster({ reachable }).post(eventTo(url), never);
    assert.deepEqual([first.failure, asked, receiver.received.length], [null, 1, 1]);
    const second = await poster({ reachable }).post(eventTo(url), never);
    assert.deepEqual([second.failure, asked, inside.received.length], ['refused', 2, 0]);
    await inside.end();
  });

  test('a redirect is not followed', async () => {
    const inside = await startReceiver();
    for (const status of [301, 302, 303, 307, 308]) {
      receiver.answer = (response) =>
        void response.writeHead(status, { location: inside.url }).end();
      const posted = await poster().post(eventTo(receiver.url), never);
      assert.deepEqual(posted, { status, failure: 'redirect' });
    }
    assert.equal(inside.received.length, 0);
    await inside.end();
  });

  test('loopback, where nothing allows it, is not connected to', async () => {
    let connections = 0;
    const trap = createServer(() => {
      connections += 1;
    });
    trap.listen(0, '127.0.0.1');
    await once(trap, 'listening');
    const bound = trap.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const strict = poster({ reachable: new Reachable([]) });
    for (const host of ['127.0.0.1', '127.1', '0x7f.1', 'localhost', '[::ffff:127.0.0.1]']) {
      const posted = await strict.post(eventTo(`http://${host}:${port}/`), never);
      assert.deepEqual(posted, { status: null, failure: 'refused' }, host);
    }
    const closed = await poster({ allowsHttp: false }).post(eventTo(receiver.url), never);
    assert.deepEqual(closed, { status: null, failure: 'refused' });
    assert.equal(connections, 0);
    trap.close();
    await once(trap, 'close');
  });
});

/** A receiver that is no HTTP server of any kind. */
async function raw(
  work: (socket: Socket) => void,
): Promise<{ readonly url: string; readonly end: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    work(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return {
    url: `http://127.0.0.1:${port}/`,
    end: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

describe('a receiver that behaves badly', () => {
  test('closes before it answers, or answers nonsense', async () => {
    for (const word of ['', 'HTTP/1.1 2', 'hello\r\n\r\n']) {
      const bad = await raw((socket) => socket.once('data', () => socket.end(word)));
      const posted = await poster().post(eventTo(bad.url), never);
      assert.deepEqual(posted, { status: null, failure: 'connection' }, word);
      await bad.end();
    }
  });

  test('breaks off behind the head of a good answer: that was one', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nx';
    const bad = await raw((socket) => socket.once('data', () => socket.end(head)));
    const posted = await poster().post(eventTo(bad.url), never);
    assert.deepEqual(posted, { status: 200, failure: null });
    await bad.end();
  });

  test('drips the body of its answer: the status stands, and the connection is closed', {
    timeout: 60_000,
  }, async () => {
    for (const [status, failure] of [
      [200, null],
      [500, 'status'],
    ] as const) {
      const closed = Promise.withResolvers<void>();
      const bad = await raw((socket) => {
        socket.once('data', () =>
          socket.write(`HTTP/1.1 ${status} x\r\ncontent-length: 4000\r\n\r\n`),
        );
        const timer = setInterval(() => socket.write('x'), 200);
        socket.once('close', () => {
          clearInterval(timer);
          closed.resolve();
        });
      });
      assert.deepEqual(await poster().post(eventTo(bad.url), never), { status, failure });
      await closed.promise;
      await bad.end();
    }
  });

  test('has answered when the node ends: that is not sent again', async () => {
    const stop = new AbortController();
    const bad = await raw((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\nx');
        setTimeout(() => stop.abort(), 100);
      });
    });
    const posted = await poster().post(eventTo(bad.url), stop.signal);
    assert.deepEqual(posted, { status: 200, failure: null });
    await bad.end();
  });

  test('sends without an end: little of it is read', async () => {
    let written = 0;
    const closed = Promise.withResolvers<void>();
    const bad = await raw((socket) => {
      socket.once('close', () => closed.resolve());
      socket.once('data', () => {
        socket.write('HTTP/1.1 500 x\r\ncontent-length: 10000000000\r\n\r\n');
        const piece = Buffer.alloc(64 * 1024);
        const pour = () => {
          if (socket.destroyed) return;
          written += piece.length;
          socket.write(piece, pour);
        };
        pour();
      });
    });
    const posted = await poster().post(eventTo(bad.url), never);
    assert.deepEqual(posted, { status: 500, failure: 'status' });
    await closed.promise;
    // What lies in the buffers of the kernel on both sides is not read by anyone.
    assert.ok(written < answerOctetsMax + 32 * 1024 * 1024, `${written} octets`);
    await bad.end();
  });

  test('has a head without an end', async () => {
    const bad = await raw((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n');
        const pour = () => {
          if (!socket.destroyed) socket.write(`x: ${'y'.repeat(1_000)}\r\n`, pour);
        };
        pour();
      });
    });
    const { failure } = await poster().post(eventTo(bad.url), never);
    assert.equal(failure, 'connection');
    await bad.end();
  });

  test('never answers, and a name that is never resolved: the end of the node is not waited for', async () => {
    const bad = await raw(() => {});
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    const reachable = new Reachable([], { resolve: () => new Promise(() => {}) });
    const posted = await Promise.all([
      poster().post(eventTo(bad.url), stop.signal),
      poster({ reachable }).post(eventTo('http://a.example/'), stop.signal),
    ]);
    const stopped = { status: null, failure: 'stopped' };
    assert.deepEqual(posted, [stopped, stopped]);
    await bad.end();
  });

  test('drips its head: the attempt is over in time', { timeout: 60_000 }, async () => {
    const bad = await raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nx: ');
      const timer = setInterval(() => socket.write('y'), 200);
      socket.once('close', () => clearInterval(timer));
    });
    const posted = await poster().post(eventTo(bad.url), never);
    assert.deepEqual(posted, { status: null, failure: 'timeout' });
    await bad.end();
  });

  test('is not there', async () => {
    const gone = await raw(() => {});
    await gone.end();
    const posted = await poster().post(eventTo(gone.url), never);
    assert.deepEqual(posted, { status: null, failure: 'connection' });
  });
});
