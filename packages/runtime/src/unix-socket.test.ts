/** Unix sockets: stale files go, all others stay. */

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { listenOnPath, removeStaleSocket } from './unix-socket.ts';

const options = { backlog: 5, mode: 0o660 };
const directory = mkdtempSync(join(os.tmpdir(), 'poplar-unix-'));
after(() => rmSync(directory, { recursive: true }));

test('the socket is for owner and group', async () => {
  const path = join(directory, 'mode');
  const server = createServer();
  await listenOnPath(server, path, options);
  assert.equal(statSync(path).mode & 0o777, 0o660);
  server.close();
});

test('a socket file that somebody answers on is left alone', async () => {
  const path = join(directory, 'busy');
  const first = createServer();
  await listenOnPath(first, path, options);
  await assert.rejects(listenOnPath(createServer(), path, options), { code: 'EADDRINUSE' });
  assert.equal(await removeStaleSocket(path), false);
  assert.ok(existsSync(path));
  first.close();
});

test('a socket file that nobody answers on is replaced', async () => {
  const path = join(directory, 'stale');
  await leaveStale(path);
  assert.ok(existsSync(path));
  const server = createServer();
  await listenOnPath(server, path, options);
  assert.equal(server.listening, true);
  server.close();
});

test('a file that is no socket is never removed', async () => {
  const path = join(directory, 'file');
  writeFileSync(path, 'mine');
  assert.equal(await removeStaleSocket(path), false);
  await assert.rejects(listenOnPath(createServer(), path, options), { code: 'EADDRINUSE' });
  assert.ok(existsSync(path));
  assert.equal(await removeStaleSocket(join(directory, 'nothing')), false);
});

/** A socket is moved away from under its listener, so that closing the listener cannot remove it. */
async function leaveStale(path: string): Promise<void> {
  const code = `
    const { createServer } = require('node:net');
    const { renameSync } = require('node:fs');
    const { workerData, parentPort } = require('node:worker_threads');
    const server = createServer();
    server.listen(workerData + '.first', () => {
      renameSync(workerData + '.first', workerData);
      server.close(() => parentPort.postMessage('left'));
    });`;
  const worker = new Worker(code, { eval: true, workerData: path });
  await new Promise((resolve) => worker.once('exit', resolve));
}
