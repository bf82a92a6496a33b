/**
 * A log that cannot be written costs its lines and nothing else: clients are served, the ops port
 * answers, SIGTERM drains and ends with 0.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { maildropNamed } from '../support/maildrops.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type NodeOptions, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

/** Of a node that hung this would be an hour. */
const answersWithinMs = 5_000;
const logins = 12;

/** Becomes its arguments, with standard error on a terminal that is closed when the node is ready. */
const onTerminal = `
import os, sys
master, slave = os.openpty()
child = os.fork()
if child == 0:
    if os.fork() > 0: os._exit(0)
    for fd in (0, 1, 2, slave): os.close(fd)
    said = b''
    while b'"ready"' not in said: said += os.read(master, 65536)
    os._exit(0)
os.waitpid(child, 0)
os.close(master)
os.dup2(slave, 2)
os.close(slave)
os.execvp(sys.argv[1], sys.argv[1:])
`;

let database: TestDatabase;
let directory: string;

before(async () => {
  database = await openTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'poplar-unwritable-'));
});
after(async () => {
  rmSync(directory, { recursive: true });
  await database.drop();
});

/** Every login and every session is a line in the log, of either worker. */
async function servesAndEnds(
  address: string,
  options: Pick<NodeOptions, 'stderr' | 'launcher'>,
): Promise<void> {
  await database.addMailbox(address, maildropNamed('two-messages'));
  const node = await startNode({
    databaseUrl: database.url,
    // One that blocks in each of its threads would be the end of the node.
    environment: { UV_THREADPOOL_SIZE: '4', POPLAR_LOG_LEVEL: 'debug' },
    ...options,
  });
  try {
    for (let count = 0; count < logins; count += 1) {
      const client = await Pop3Client.connect({ port: node.pop3, patienceMs: answersWithinMs });
      await client.ok(`USER ${address}`);
      await client.ok(`PASS ${testSecret}`);
      assert.match((await client.ok('STAT')).text, /^2 /);
      await client.ok('QUIT');
      client.destroy();
      const signal = AbortSignal.timeout(answersWithinMs);
      assert.equal((await fetch(`http://127.0.0.1:${node.ops}/readyz`, { signal })).status, 200);
    }
    await node.stop();
  } catch (error) {
    await node.kill();
    throw error;
  }
}

describe('a log that cannot be written', { concurrency: 2 }, () => {
  test('because the disk is full', async () => {
    const stderr = openSync('/dev/full', 'w');
    await servesAndEnds('ann@one.example', { stderr });
    closeSync(stderr);
  });

  test('because its terminal was closed', async () => {
    await servesAndEnds('bob@two.example', { launcher: ['python3', '-c', onTerminal] });
  });

  test('because nobody reads the pipe', async () => {
    const path = join(directory, 'pipe');
    assert.equal(spawnSync('mkfifo', [path]).status, 0);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const filler = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    assert.throws(() => {
      for (;;) writeSync(filler, Buffer.alloc(4_096));
    }, /EAGAIN/);
    const stderr = openSync(path, 'w');
    await servesAndEnds('eve@three.example', { stderr });
    for (const fd of [reader, filler, stderr]) closeSync(fd);
  });

  test('because its reader has gone', async () => {
    const path = join(directory, 'left');
    assert.equal(spawnSync('mkfifo', [path]).status, 0);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stderr = openSync(path, 'w');
    closeSync(reader);
    await servesAndEnds('joe@four.example', { stderr });
    closeSync(stderr);
  });
});
