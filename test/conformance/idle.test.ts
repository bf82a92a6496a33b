/**
 * The idle timer (RFC 1939 §3): any command resets it; when it is over the server closes without a
 * word and without entering UPDATE. The ten minutes are a setting, here a second and a half.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '@poplar/runtime';
import { maildropNamed } from '../support/maildrops.ts';
import { messageOfOctets } from '../support/messages.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { slowLine } from '../support/slow-line.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

const idleTimeoutMs = 1_500;
/** The connections are looked at once a second. */
const sweepMs = 1_000;
/** The kernel takes it at once. */
const messageOctets = 600_000;
const rfcIdleMs = 600_000;

describe('the idle timer', () => {
  let database: TestDatabase;
  let node: RunningNode;
  before(async () => {
    database = await openTestDatabase();
    node = await startNode({
      databaseUrl: database.url,
      environment: {
        POPLAR_IDLE_TIMEOUT_MS: String(idleTimeoutMs),
        // Slow clients are looked at several times within this.
        POPLAR_WRITE_STALL_MS: '3000',
      },
    });
  });
  after(async () => {
    await node.stop();
    await database.drop();
  });

  test('RFC 1939 §3: ten minutes by default', () => {
    assert.ok(loadConfig({}, { file: null }).limits.idleTimeoutMs >= rfcIdleMs);
  });

  test('RFC 1939 §3: closes without a response, removes nothing and frees the maildrop', async () => {
    const mailbox = await database.addMailbox('idle@example.org', maildropNamed('two-messages'));
    const client = await Pop3Client.connect({ port: node.pop3 });
    await client.login(mailbox.address, testSecret);
    await client.ok('DELE 1');
    const from = performance.now();
    await client.wire.closed();
    const waitedMs = performance.now() - from;
    assert.ok(waitedMs >= idleTimeoutMs - 50, `closed after ${waitedMs} ms`);
    assert.ok(waitedMs < idleTimeoutMs + 3 * sweepMs, `closed after ${waitedMs} ms`);
    client.destroy();
    assert.equal((await database.visible(mailbox)).length, 2);
    const next = await Pop3Client.connect({ port: node.pop3 });
    await next.login(mailbox.address, testSecret);
    assert.equal((await next.ok('STAT')).text, '2 320');
    await next.quit();
  });

  test('RFC 1939 §3: any command resets it, a refused one too', async () => {
    const mailbox = await database.addMailbox('busy@example.org');
    const client = await Pop3Client.connect({ port: node.pop3s, ca: node.ca });
    await client.login(mailbox.address, testSecret);
    for (const line of ['NOOP', 'XYZW', 'STAT', 'RETR 1', 'NOOP']) {
      await sleep(idleTimeoutMs * 0.6);
      await client.command(line);
    }
    await client.quit();
  });

  test('it does not run while the client reads what the kernel has for it', async () => {
    const mailbox = await database.addMailbox('slow@example.org');
    await database.deliver(mailbox, { content: messageOfOctets(messageOctets) });
    const line = await slowLine(node.pop3);
    try {
      const client = await Pop3Client.connect({ port: line.port });
      await client.login(mailbox.address, testSecret);
      line.pace(messageOctets / ((4 * idleTimeoutMs) / 1_000));
      const from = performance.now();
      const content = await client.content('RETR 1');
      assert.equal(content.length, messageOctets);
      assert.ok(performance.now() - from > 3 * idleTimeoutMs, 'it was slow');
      line.pace(null);
      await client.quit();
    } finally {
      line.end();
    }
  });
});
