/**
 * The greeting (RFC 1939 §4): one line of +OK, on every listener, within a packet of its own or not;
 * no timestamp as long as there is no APOP.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { WireClient } from '../support/wire-client.ts';

/** A second line would have come by then. */
const settleMs = 50;

describe('the greeting', () => {
  let database: TestDatabase;
  let node: RunningNode;
  before(async () => {
    database = await openTestDatabase();
    node = await startNode({ databaseUrl: database.url, workers: 1 });
  });
  after(async () => {
    await node.stop();
    await database.drop();
  });

  for (const listener of ['pop3', 'pop3s'] as const) {
    test(`RFC 1939 §4: one line, no timestamp, then silence (${listener})`, async (context) => {
      const ca = listener === 'pop3s' ? { ca: node.ca } : {};
      const client = await WireClient.connect({ port: node[listener], ...ca });
      context.after(() => client.destroy());
      assert.match(await client.line(), /^\+OK [^<>[\]]{1,500}$/);
      await sleep(settleMs);
      assert.equal(client.pendingOctets, 0);
    });
  }

  test('commands that arrive before it are answered behind it', async (context) => {
    const client = await WireClient.connect({ port: node.pop3 });
    context.after(() => client.destroy());
    client.write('NOOP\r\nQUIT\r\n');
    assert.match(await client.line(), /^\+OK /);
    assert.match(await client.line(), /^-ERR /);
    assert.match(await client.line(), /^\+OK /);
    await client.closed();
  });
});
