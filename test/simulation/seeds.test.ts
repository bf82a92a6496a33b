/**
 * Ten thousand storms, all of them, and in none of them an invariant is broken. A
 * seed that fails is printed with the command that plays it again.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sweep } from './sweep.ts';

const isSoak = process.env.POPLAR_TEST_SOAK !== undefined;
const count = isSoak ? 200_000 : 10_000;
/** Two idle cores need a minute for ten thousand. */
const withinMs = isSoak ? 2_000_000 : 600_000;

test(`no invariant is broken by ${count} seeds`, { timeout: withinMs + 60_000 }, async (t) => {
  const { seeds, events, counts, failures } = await sweep({ from: 1, count, withinMs });
  t.diagnostic(`${seeds} seeds, ${events} events, ${JSON.stringify(counts)}`);
  for (const { seed, broken } of failures) {
    t.diagnostic(`seed ${seed}: ${broken[0]}`);
    t.diagnostic(`play it again: node_modules/.bin/node test/simulation/replay.ts ${seed}`);
  }
  const failed = failures.map(({ seed }) => seed);
  assert.deepEqual(failed, [], 'these seeds break an invariant');
  assert.equal(seeds, count, `so many in ${withinMs} ms`);
  // A storm in which nothing happens proves nothing.
  for (const [what, times] of Object.entries(counts)) assert.ok(times > 0, `nothing was ${what}`);
});

test('a seed decides everything', async () => {
  const [once, again] = await Promise.all([
    sweep({ from: 77, count: 20, threads: 1 }),
    sweep({ from: 77, count: 20, threads: 2 }),
  ]);
  assert.deepEqual(again, once);
});
