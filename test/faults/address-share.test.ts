/**
 * One address cannot take a whole node, whichever workers its connections come to; what it gives
 * back is free again. Behind a load balancer it is the client's address that counts, for failures too.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { version2 } from '@poplar/protocol/testing';
import { eventually, metric } from '../support/node-inspection.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

const share = 6;
const address = 'alice@example.org';

let database: TestDatabase;
let node: RunningNode;
before(async () => {
  database = await openTestDatabase();
  await database.addMailbox(address);
  node = await startNode({
    databaseUrl: database.url,
    workers: 2,
    environment: {
      POPLAR_ROLES: 'pop3',
      POPLAR_LISTEN_LMTP: '',
      POPLAR_LISTEN_POP3_PROXY: '127.0.0.1:0',
      POPLAR_CLEARTEXT: 'always',
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

/** Of a client that a balancer on this machine speaks for. */
async function behind(header: Uint8Array | string): Promise<RawClient> {
  const client = await RawClient.connect({ port: node.pop3Proxy });
  client.write(header);
  return client;
}
const headerOf = (source: string): string => `PROXY TCP4 ${source} 198.51.100.9 51234 110\r\n`;
const ofBalancer = version2({ command: 0x20, family: 0, addresses: new Uint8Array(0) });

test('behind a balancer each client has a share of its own, and the balancer needs none', async () => {
  const clients: RawClient[] = [];
  const fill = async (header: Uint8Array | string, count: number): Promise<void> => {
    for (let number = 0; number < count; number += 1) {
      const client = await behind(header);
      await client.says('+OK');
      clients.push(client);
    }
  };
  await fill(headerOf('192.0.2.1'), share);
  const late = await behind(headerOf('192.0.2.1'));
  await late.closed();
  assert.equal(late.octets, 0);
  const refused = { listener: 'pop3-proxy', reason: 'address-full' };
  assert.equal(await metric(node, 'poplar_connections_closed_total', refused), 1);
  await fill(headerOf('192.0.2.2'), share);
  await fill(ofBalancer, share + 2);
  for (let number = 0; number < share; number += 1) clients.push(await greeted());
  for (const client of clients) client.destroy();
  await eventually(async () => assert.equal(await metric(node, 'poplar_connections'), 0));
  await fill(headerOf('192.0.2.1'), share);
  for (const client of clients) client.destroy();
});

/** How long a login behind the header takes, and how it is answered. */
async function logIn(source: string, secret: string): Promise<{ text: string; tookMs: number }> {
  const client = await behind(headerOf(source));
  const sinceMs = performance.now();
  client.write(`USER ${address}\r\nPASS ${secret}\r\nQUIT\r\n`);
  await client.closed(10_000);
  return { text: client.text, tookMs: performance.now() - sinceMs };
}

test('failures behind a balancer delay their own client and nobody else', async () => {
  const delayMs = 2_000;
  for (const secret of ['one', 'two', 'three', 'four']) {
    assert.match((await logIn('192.0.2.66', secret)).text, /\r\n-ERR \[AUTH\] /);
  }
  const guesser = await logIn('192.0.2.66', 'five');
  assert.ok(guesser.tookMs >= delayMs, `${guesser.tookMs} ms`);
  const other = await logIn('192.0.2.77', testSecret);
  assert.match(other.text, /^(?:\+OK [^\r\n]+\r\n){4}$/);
  assert.ok(other.tookMs < delayMs, `${other.tookMs} ms`);
});
