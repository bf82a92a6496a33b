/**
 * The model as far as it must be right whatever the costs are: what grows with nodes, what does not, and
 * that its constants are those of the product.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Cost, Costs, Slope } from './costs.ts';
import { type Capacity, capacityOf, connectionsOfNode, leaseWritesOf, pollAt } from './model.ts';
import { siteWith, tenMillion } from './site.ts';

const cost = (postgres: number, node = 100, wal = 400): Cost => ({ node, postgres, wal });
const slope: Slope = { fixed: cost(50), each: cost(1, 1, 10) };
const costs: Costs = {
  poll: [
    { ...cost(400), perSecondOfWorker: 10 },
    { ...cost(40), perSecondOfWorker: 1_000 },
  ],
  handshake: { node: 500, postgres: 0 },
  listMiss: slope,
  loginMiss: cost(50),
  hash: 10_000,
  retrieve: slope,
  remove: slope,
  deliver: slope,
  idle: { node: 5_000, postgres: 500, wal: 100 },
  fullPage: 1_000,
  locksOfPage: 100,
  memory: { node: 2e8, session: 15_000, sessionTls: 50_000, backend: 3e6 },
};

const at = (nodes: number, changes: Parameters<typeof siteWith>[0] = {}): Capacity =>
  capacityOf(siteWith(changes), nodes, costs);

test('what clients do does not depend on the number of nodes', () => {
  const [few, many] = [at(2), at(100)];
  for (const key of ['polls', 'deliveries', 'sessions', 'lockWrites', 'walFullPages'] as const) {
    assert.equal(few[key], many[key], key);
  }
});

test('connections and leases grow with every node, sessions of one shrink', () => {
  const [few, many] = [at(10), at(20)];
  assert.equal(many.connections, 2 * few.connections);
  assert.equal(many.leaseWrites, 2 * few.leaseWrites);
  assert.equal(many.sessionsOfNode, few.sessionsOfNode / 2);
});

test('the more workers there are, the more a poll costs PostgreSQL', () => {
  assert.equal(pollAt(costs.poll, 1).postgres, 400);
  assert.equal(pollAt(costs.poll, 100).postgres, 220);
  assert.equal(pollAt(costs.poll, 5_000).postgres, 40);
  assert.ok(at(100).postgresProcessors > at(5).postgresProcessors);
});

test('a client that comes to any node is remembered by fewer of them', () => {
  const [same, other] = [at(20, { balance: 'source' }), at(20, { balance: 'node' })];
  assert.ok(other.misses.hash > same.misses.hash);
  assert.ok(other.nodeProcessors > same.nodeProcessors);
  const one = { balance: 'node' as const };
  assert.deepEqual(at(1, one).misses, at(1, { balance: 'source' }).misses);
});

test('what is remembered for longer, with room for all, is hashed less', () => {
  const settings = { authCacheSeconds: 86_400, authCacheOctets: 1024 * 1024 * 1024 };
  assert.ok(at(10, { settings }).hashes < at(10).hashes / 10);
  const without = { authCacheSeconds: 0, authCacheOctets: 0 };
  assert.equal(at(10, { settings: without }).misses.hash, 1);
});

test('parts are parts', () => {
  for (const balance of ['node', 'source'] as const) {
    for (const nodes of [1, 7, 100]) {
      for (const part of Object.values(at(nodes, { balance }).misses)) {
        assert.ok(part >= 0 && part <= 1, `${part}`);
      }
    }
  }
});

test('a site with a key that there is not is refused', () => {
  const given: unknown = JSON.parse('{"mailboxs": 5}');
  assert.throws(() => siteWith(Object(given)), /a site has no mailboxs/);
});

/** `export const NAME = VALUE;` of a file of the product. */
function constantOf(path: string, name: string): number {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const [, value = ''] =
    new RegExp(`^(?:export )?const ${name} = ([\\d_]+);`, 'm').exec(text) ?? [];
  return Number(value.replaceAll('_', ''));
}

test('the constants of the product are those that the model counts with', () => {
  const node = 'services/node/src/serve/limits.ts';
  const store = 'packages/store/src/limits.ts';
  const lists = 'packages/store/src/snapshots.ts';
  const found = {
    // Renewed three times in each.
    leaseSeconds: constantOf(store, 'leaseSeconds'),
    penaltyIntervalMs: constantOf(node, 'penaltyIntervalMs'),
    loginCacheEntriesMax: constantOf(store, 'loginCacheEntriesMax'),
    loginCacheTtlMs: constantOf(store, 'loginCacheTtlMs'),
    octetsPerMessage: constantOf(lists, 'octetsPerMessage'),
    octetsPerSnapshot: constantOf(lists, 'octetsPerSnapshot'),
    wordsOfVerification: constantOf('packages/identity/src/cache/tag-table.ts', 'entryWords'),
    maildropConnections: constantOf('services/maildrop/src/limits.ts', 'databaseConnectionsMax'),
  };
  assert.deepEqual(found, {
    leaseSeconds: 15,
    penaltyIntervalMs: 2_000,
    loginCacheEntriesMax: 50_000,
    loginCacheTtlMs: 3_600_000,
    octetsPerMessage: 56,
    octetsPerSnapshot: 1_000,
    wordsOfVerification: 6,
    maildropConnections: 8,
  });
  assert.equal(connectionsOfNode(tenMillion), 8 * 10 + 11);
  assert.equal(leaseWritesOf(tenMillion, 10), 18);
});
