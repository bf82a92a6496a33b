/**
 * One address cannot take a whole node, whichever workers its connections come to; what it gives
 * back is free again.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, metric } from '../support/node-inspection.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase } from '../support/test-database.ts';

const share = 6;

let database: TestDatabase;
let node: RunningNode;
before(async () => {
  database = await openTestDatabase();
  node = await startNode({
    databaseUrl: database.url,
    workers: 2,
    environment: {
      POPLAR_ROLES: 'pop3',
      POPLAR_LISTEN_LMTP: '',
      POPLAR_CONNECTIONS_PER_ADDRESS_MAX: String(share),
      // By default this very address would be exempt.
      POPLAR_AUTH_TRUSTED_NETWORKS: '',
    },
  });
});
after(async () => {
  await node.stop();
  await database.drop();
});

async function greeted(from = '127.0.0.1'): Promise<RawClient> {
  const client = await RawClient.connect({ port: node.pop3, from });
  await client.says('+OK');
  return client;
}

test('a connection beyond the share is closed without a greeting', async () => {
  const clients: RawClient[] = [];
  while (clients.length < share) clients.push(await greeted());
  for (let number = 0; number < 8; number += 1) {
    const client = await RawClient.connect({ port: node.pop3 });
    await client.closed();
    assert.equal(client.octets, 0);
  }
  const others = [await greeted('127.0.0.2'), await greeted('127.0.0.3')];
  for (const client of others) {
    client.write('QUIT\r\n');
    await client.closed();
  }
  const refused = { reason: 'address-full' };
  assert.equal(await metric(node, 'poplar_connections_closed_total', refused), 8);
  assert.equal(await metric(node, 'poplar_connections'), share);
  clients.shift()?.destroy();
  clients.shift()?.reset();
  await eventually(async () => {
    assert.equal(await metric(node, 'poplar_connections'), share - 2);
  });
  clients.push(await greeted(), await greeted());
  for (const client of clients) {
    client.write('QUIT\r\n');
    await client.closed();
  }
  await eventually(async () => assert.equal(await metric(node, 'poplar_connections'), 0));
  (await greeted()).destroy();
});
