/** The purge loop: batches back to back, pauses, failures, a clean stop. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { PurgeLoop, type PurgeWork } from './purge-loop.ts';

/** Batches in order; an error is thrown instead of being answered. */
function workOf(batches: (number | Error)[]) {
  const seen = { purged: 0, failures: 0, tidied: 0, rounds: 0, running: 0 };
  const work: PurgeWork = {
    purge: async () => {
      seen.rounds += 1;
      seen.running += 1;
      assert.equal(seen.running, 1, 'one round at a time');
      await delay(1);
      seen.running -= 1;
      const batch = batches.shift() ?? 0;
      if (typeof batch !== 'number') throw batch;
      return { purged: batch, more: batch > 0 };
    },
    tidy: async () => {
      seen.tidied += 1;
    },
    purged: (messages) => {
      seen.purged += messages;
    },
    failed: () => {
      seen.failures += 1;
    },
  };
  return { seen, work };
}

const hour = 3_600_000;

test('batches follow each other at once while there is more, then the loop pauses', async () => {
  const { seen, work } = workOf([10, 10, 3]);
  const loop = new PurgeLoop(work, { purgeIntervalMs: hour, housekeepingIntervalMs: hour });
  loop.start();
  await delay(100);
  assert.deepEqual([seen.rounds, seen.purged, seen.tidied], [4, 23, 1]);
  await loop.stop();
});

test('a failed round is reported and tried again after the pause', async () => {
  const { seen, work } = workOf([new Error('away'), 5]);
  const loop = new PurgeLoop(work, { purgeIntervalMs: 20, housekeepingIntervalMs: hour });
  loop.start();
  await delay(150);
  await loop.stop();
  assert.deepEqual([seen.failures, seen.purged], [1, 5]);
});

test('stop waits for the batch in hand and begins no other', async () => {
  const { seen, work } = workOf([1, 1, 1, 1, 1, 1]);
  const loop = new PurgeLoop(work, { purgeIntervalMs: 1, housekeepingIntervalMs: 1 });
  loop.start();
  await delay(2);
  await loop.stop();
  assert.equal(seen.running, 0);
  const { rounds } = seen;
  await delay(30);
  assert.equal(seen.rounds, rounds);
});
