/** What one worker learns, the others know; what the main thread takes out, they have counted. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocateGuards, openGuards, openScores } from './guards.ts';

const settings = { cacheSeconds: 60, connectionsPerAddressMax: 1, trustedNetworks: ['::1'] };

const clusterKey = new Uint8Array(32).fill(7);

test('the guards of two workers over one memory are one', () => {
  const given = allocateGuards({ cacheOctets: 1 << 16, workers: 2, clusterKey });
  const [a, b] = [0, 1].map((worker) => openGuards({ ...given, worker, settings }));
  assert.ok(a !== undefined && b !== undefined);
  const secret = Buffer.from('sesame');
  a.cache.remember({ mailboxId: 'm', version: '1', secret });
  assert.equal(b.cache.matched('m', '1', secret), true);
  assert.equal(a.addressCounts.enter('192.0.2.1'), true);
  assert.equal(b.addressCounts.enter('192.0.2.1'), false);
  assert.equal(b.addressCounts.enter('::1'), true);
  const attempt = { address: '192.0.2.1', account: 'ann', secret };
  assert.equal(a.throttle.failed(attempt), true);
  assert.equal(b.throttle.failed(attempt), false);
  const rows = openScores(given.shared).takeDeltas(10);
  assert.deepEqual(
    rows.map(({ score }) => score),
    [1, 1, 1],
  );
  // Another node has other secrets and the same keys of scores.
  const other = allocateGuards({ cacheOctets: 0, workers: 1, clusterKey });
  openScores(other.shared).merge(Array.from({ length: 4 }, () => rows).flat());
  const { throttle } = openGuards({ ...other, worker: 0, settings });
  assert.deepEqual(throttle.assess({ address: '192.0.2.1', account: 'ann' }), { waitMs: 2_000 });
});

test('memory or a key that was not handed over is a mistake of ours', () => {
  const { shared, keys } = allocateGuards({ cacheOctets: 0, workers: 1, clusterKey });
  assert.throws(() => openGuards({ shared: {}, keys, worker: 0, settings }), /no shared memory/);
  assert.throws(() => openGuards({ shared, keys: {}, worker: 0, settings }), /no key/);
});
