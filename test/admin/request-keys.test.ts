/**
 * Requests with an `Idempotency-Key` and real nodes, one of which is killed in the middle: before it has done what was
 * asked for, and behind it. The other one neither does it again nor says that it was done.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AdminClient } from '../support/admin-client.ts';
import { eventually } from '../support/node-inspection.ts';
import {
  blockChanges,
  domainsNamed,
  endClaims,
  endWaitingOfApi,
  requestKeys,
  waitingOfApi,
} from '../support/request-keys.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase } from '../support/test-database.ts';

const token = 'a-token-that-both-nodes-know-and-nobody-else';
const withinMs = 20_000;

let database: TestDatabase;
let survivor: RunningNode;

function start(name: string): Promise<RunningNode> {
  const environment = {
    ...{ POPLAR_ROLES: 'admin', POPLAR_LISTEN_ADMIN: '127.0.0.1:0' },
    ...{ POPLAR_NODE_NAME: name, POPLAR_ADMIN_TOKEN: token },
  };
  return startNode({ databaseUrl: database.url, workers: 1, environment });
}

const untold = { state: 'claimed', status: null, answer: null };

async function ask(node: RunningNode, key: string, domain: string): Promise<string> {
  const admin = new AdminClient(node.admin, token, { 'idempotency-key': key });
  const { status, body } = await admin.post('/domains', { domain });
  return `${status} ${body.code ?? body.domain}`;
}

before(async () => {
  database = await openTestDatabase();
  survivor = await start('survivor');
});
after(async () => {
  await survivor.stop();
  await database.drop();
});

test('what one node answered the other one answers, and does not do', async () => {
  const other = await start('other');
  assert.equal(await ask(other, 'key-1', 'one.example'), '201 one.example');
  await other.stop();
  assert.equal(await ask(survivor, 'key-1', 'one.example'), '201 one.example');
  assert.equal(await ask(survivor, 'key-1', 'two.example'), '422 key-of-another-request');
  assert.equal(await domainsNamed(database, 'one.example'), 1);
  assert.equal(await domainsNamed(database, 'two.example'), 0);
});

/** Until a request of a node that is killed then waits for what is locked; what it waited for it never gets. */
async function killWaiting(node: RunningNode, isReached: () => Promise<void>): Promise<void> {
  await eventually(async () => {
    await isReached();
    assert.deepEqual((await requestKeys(database)).at(-1), untold);
    assert.equal(await waitingOfApi(database), 1);
  }, withinMs);
  await node.kill();
  await endWaitingOfApi(database);
}

async function isUnknown(key: string, domain: string): Promise<void> {
  const known = await domainsNamed(database, domain);
  assert.equal(await ask(survivor, key, domain), '409 request-under-way');
  await endClaims(database);
  for (const _ of [1, 2]) {
    assert.equal(await ask(survivor, key, domain), '409 key-outcome-unknown');
    assert.equal(await domainsNamed(database, domain), known, 'nothing is done again, or late');
  }
  assert.deepEqual(await requestKeys(database).then((rows) => rows.at(-1)), untold);
}

test('of a node that is killed before it has done it nobody knows', async () => {
  const doomed = await start('doomed');
  const unblock = await blockChanges(database, 'domain');
  const lost = assert.rejects(ask(doomed, 'killed-before', 'before.example'));
  try {
    await killWaiting(doomed, async () => {});
  } finally {
    await unblock();
  }
  await lost;
  await isUnknown('killed-before', 'before.example');
  assert.equal(await domainsNamed(database, 'before.example'), 0);
  assert.equal(await ask(survivor, 'killed-before-2', 'before.example'), '201 before.example');
});

test('nor of one that is killed when it has done it and not yet said so', async () => {
  const doomed = await start('doomed');
  const unblockDomains = await blockChanges(database, 'domain');
  const lost = assert.rejects(ask(doomed, 'killed-behind', 'behind.example'));
  // Locked when the key is claimed: it cannot be settled.
  await eventually(async () => assert.equal(await waitingOfApi(database), 1), withinMs);
  const unblockKeys = await blockChanges(database, 'request_key');
  try {
    await unblockDomains();
    await killWaiting(doomed, async () => {
      assert.equal(await domainsNamed(database, 'behind.example'), 1);
    });
  } finally {
    await unblockDomains();
    await unblockKeys();
  }
  await lost;
  await isUnknown('killed-behind', 'behind.example');
  assert.equal(await ask(survivor, 'killed-behind-2', 'behind.example'), '409 domain-exists');
});
