/**
 * Names of webhooks over a real name server on loopback that answers some and is silent about others, and a hosts file.
 */

import assert from 'node:assert/strict';
import { pbkdf2 } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { startReceiver } from '../testing/receiver.ts';
import { requestsMax } from './limits.ts';
import { EventPoster } from './post-event.ts';
import { Reachable } from './reachable.ts';
import { type Resolve, resolver } from './resolver.ts';

/** Names asked for, in order. */
const asked: string[] = [];
const server = createSocket('udp4');
let resolve: Resolve;
let directory: string;

/** The labels behind the twelve octets of a question's head, and where they end. */
function questionOf(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 5 };
}

/** RFC 1035 §4: the question again, and for A one address; for anything else none. */
function answerTo(query: Buffer, end: number): Buffer {
  const isA = query.readUInt16BE(end - 4) === 1;
  const head = Buffer.from(query.subarray(0, end));
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(isA ? 1 : 0, 6);
  head.writeUInt16BE(0, 8);
  head.writeUInt16BE(0, 10);
  const address = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);
  return isA ? Buffer.concat([head, address]) : head;
}

before(async () => {
  server.on('message', (query, from) => {
    const { name, end } = questionOf(query);
    asked.push(name);
    if (!name.startsWith('silent')) server.send(answerTo(query, end), from.port, from.address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  directory = await mkdtemp(join(tmpdir(), 'poplar-hosts-'));
  const hostsFile = join(directory, 'hosts');
  await writeFile(
    hostsFile,
    '# x\n10.0.0.1 silent.listed alias # y\n::1\tsilent.listed\nbad row\n',
  );
  resolve = resolver({ servers: [`127.0.0.1:${server.address().port}`], hostsFile });
});
after(async () => {
  server.close();
  await rm(directory, { recursive: true });
});

test('names of the hosts file and localhost are not asked for, others are', async () => {
  assert.deepEqual(await resolve('Silent.Listed.'), ['10.0.0.1', '::1']);
  assert.deepEqual(await resolve('alias'), ['10.0.0.1']);
  assert.deepEqual(await resolve('a.localhost'), ['127.0.0.1', '::1']);
  assert.deepEqual(asked, []);
  assert.deepEqual(await resolve('good.example'), ['127.0.0.1']);
  assert.deepEqual(asked, ['good.example', 'good.example'], 'of both kinds');
});

test('names that are never answered hold up nothing else, and have an end', {
  timeout: 60_000,
}, async () => {
  const receiver = await startReceiver();
  const reachable = new Reachable(['127.0.0.0/8'], { resolve });
  const poster = new EventPoster({ allowsHttp: true, reachable, version: '0.0.0' });
  const eventTo = (host: string) =>
    poster.post(
      {
        ...{ eventId: 'x', event: 'webhook.test', payload: '{}', attempts: 1, secret: 's' },
        ...{ url: `http://${host}:${receiver.port}/hook`, formerSecret: null },
      },
      new AbortController().signal,
    );
  let over = 0;
  const silent = Array.from({ length: requestsMax }, async (_none, at) => {
    const posted = await eventTo(`silent-${at}.example`);
    over += 1;
    return posted;
  });
  // Files and hashes have the threads of the process, and another webhook its events.
  assert.ok((await readFile(import.meta.filename)).length > 0);
  await promisify(pbkdf2)('x', 'y', 1, 32, 'sha256');
  assert.deepEqual(await eventTo('good.example'), { status: 204, failure: null });
  assert.equal(over, 0, 'before any of the others was given up');
  const posted = await Promise.all(silent);
  assert.deepEqual(new Set(posted.map(({ failure }) => failure)), new Set(['no-address']));
  assert.equal(receiver.received.length, 1);
  await receiver.end();
});

test('a look-up ends with whoever wants it', async () => {
  const stop = new AbortController();
  const count = () => asked.filter((name) => name === 'silent.example').length;
  const found = resolve('silent.example', stop.signal);
  while (count() < 2) await once(server, 'message');
  stop.abort();
  assert.deepEqual(await found, []);
  assert.equal(count(), 2, 'the second try was not waited for');
  assert.deepEqual(await resolve('silent.example', stop.signal), []);
  assert.equal(count(), 2, 'nor is it asked for at all');
});
