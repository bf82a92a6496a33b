/**
 * What a poll costs once a node knows it: no password hash, and one round trip to the database until
 * its +OK, whichever worker it comes to.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type CuttingProxy, cuttingProxy } from '../support/cutting-proxy.ts';
import { attemptLogin, told } from '../support/login-attempt.ts';
import { metric } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

const polls = 20;

let database: TestDatabase;
let proxy: CuttingProxy;
let single: RunningNode;
let double: RunningNode;

before(async () => {
  database = await openTestDatabase();
  proxy = await cuttingProxy(database.url);
  const start = (workers: number): Promise<RunningNode> =>
    startNode({
      databaseUrl: proxy.url,
      workers,
      environment: {
        POPLAR_NODE_NAME: `with-${workers}`,
        POPLAR_ROLES: 'pop3',
        POPLAR_LISTEN_LMTP: '',
      },
    });
  [single, double] = await Promise.all([start(1), start(2)]);
});
after(async () => {
  await Promise.all([single.stop(), double.stop()]);
  await proxy.end();
  await database.drop();
});

/** Statements of a login or of what follows it; leases and penalties are exchanged all the time. */
const ofSessions = /find_logins|take_locks|read_opened|list_messages|release_locks/g;

/** The names of these statements in each round trip that has one. */
function statementsOf(roundTrips: readonly string[]): string[] {
  return roundTrips
    .map((said) => [...new Set(said.match(ofSessions) ?? [])].join(' '))
    .filter((names) => names !== '');
}

async function counted(node: RunningNode): Promise<{ hits: number; misses: number }> {
  return {
    hits: await metric(node, 'poplar_verification_cache_hits_total'),
    misses: await metric(node, 'poplar_verification_cache_misses_total'),
  };
}

/** Polls one after the other; how many of them needed no hash, and how many did. */
async function poll(node: RunningNode, user: string, times: number) {
  const before = await counted(node);
  for (let time = 0; time < times; time += 1) {
    assert.equal(told(await attemptLogin({ port: node.pop3, user })), '+OK');
  }
  const { hits, misses } = await counted(node);
  return { hits: hits - before.hits, misses: misses - before.misses };
}

test('a poll that is known costs one round trip and no hash', async () => {
  const { address } = await database.addMailbox('ann@example.org');
  assert.deepEqual(await poll(single, address, 1), { hits: 0, misses: 1 });
  for (let time = 0; time < 5; time += 1) {
    const client = await Pop3Client.connect({ port: single.pop3 });
    const asked = await proxy.roundTrips(() => client.login(address, testSecret));
    assert.deepEqual(statementsOf(asked), ['take_locks read_opened']);
    await client.quit();
  }
  assert.deepEqual(await poll(single, address, polls), { hits: polls, misses: 0 });
});

test('what one worker has verified, the other one knows', async () => {
  const { address } = await database.addMailbox('bob@example.org');
  const asked = await proxy.roundTrips(async () => {
    const since = await poll(double, address, polls);
    assert.deepEqual(since, { hits: polls - 1, misses: 1 }, 'one hash for both');
  });
  const looked = statementsOf(asked).filter((names) => names.includes('find_logins'));
  assert.equal(looked.length, 2, 'each worker has looked the name up once');
});

test('a name that is not there, and a wrong password, are looked up and hashed each time', async () => {
  const { address } = await database.addMailbox('eve@example.org');
  await poll(single, address, 1);
  const before = await counted(single);
  for (const [user, secret] of [
    [address, 'wrong'],
    [address, 'wrong'],
    ['nobody@example.org', testSecret],
    ['nobody@example.org', testSecret],
  ] as const) {
    const asked = await proxy.roundTrips(async () => {
      const answer = await attemptLogin({ port: single.pop3, user, secret });
      assert.equal(told(answer), 'AUTH');
    });
    assert.deepEqual(statementsOf(asked), ['find_logins'], 'and nothing is locked');
  }
  assert.deepEqual(await counted(single), { ...before, misses: before.misses + 4 });
  assert.equal(await metric(single, 'poplar_hashes_waiting'), 0);
});
