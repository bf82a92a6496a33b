/**
 * Traces of a node: what was done for a client and for a message comes to a collector, without a name or a
 * secret in it; a collector that is away costs nobody anything.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { LmtpClient } from '../support/lmtp-client.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { lines } from '../support/messages.ts';
import { eventually, metric } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

let database: TestDatabase;
let collector: Server;
let url: string;
const bodies: string[] = [];

before(async () => {
  database = await openTestDatabase();
  collector = createServer(async (request, response) => {
    bodies.push(await text(request));
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
});
after(async () => {
  collector.closeAllConnections();
  collector.close();
  await database.drop();
});

interface Seen {
  readonly name: string;
  readonly traceId: string;
}

function spans(): Seen[] {
  return bodies.flatMap((body) =>
    [
      ...body.matchAll(
        /"traceId":"(\w+)","spanId":"\w+",(?:"parentSpanId":"\w+",)?"name":"([\w.]+)"/g,
      ),
    ].map(([, traceId = '', name = '']) => ({ traceId, name })),
  );
}

test('a session and a delivery are traced, and no name, address or secret is', async () => {
  const environment = { POPLAR_TRACING_URL: url };
  const node = await startNode({ databaseUrl: database.url, environment });
  try {
    const box = await database.addMailbox('traced@example.org', maildropNamed('two-messages'));
    const lmtp = await LmtpClient.connect({ port: node.lmtp });
    const content = lines('Subject: hello', '', 'Hello.');
    await lmtp.delivered({ from: 'a@example.net', to: [box.address], content });
    await lmtp.quit();
    const client = await Pop3Client.connect({ port: node.pop3 });
    await client.login(box.address, testSecret);
    await client.ok('DELE 1');
    await client.quit();
    assert.equal((await database.visible(box)).length, 2);
  } finally {
    // A drain sends what is left.
    await node.stop();
  }
  const seen = spans();
  const names = seen.map(({ name }) => name).sort();
  assert.deepEqual(names, ['lmtp.deliver', 'pop3.login', 'pop3.quit', 'pop3.session']);
  const ofSession = seen.filter(({ name }) => name.startsWith('pop3.'));
  assert.equal(new Set(ofSession.map(({ traceId }) => traceId)).size, 1, 'one trace');
  const all = bodies.join('');
  for (const told of ['traced@', 'example', testSecret, '127.0.0.1']) {
    assert.ok(!all.includes(told), told);
  }
});

test('a collector that is away costs spans and nothing else', async () => {
  // Port 9 of the loopback: nobody listens there.
  const environment = { POPLAR_TRACING_URL: 'http://127.0.0.1:9' };
  const node = await startNode({ databaseUrl: database.url, environment });
  try {
    const box = await database.addMailbox('untraced@example.org', maildropNamed('two-messages'));
    const client = await Pop3Client.connect({ port: node.pop3 });
    await client.login(box.address, testSecret);
    await client.quit();
    await eventually(async () => {
      assert.equal(await metric(node, 'poplar_spans_total', { outcome: 'dropped' }), 2);
    });
  } finally {
    await node.stop();
  }
});
