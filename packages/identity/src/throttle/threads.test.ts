/** Real threads over one memory: nothing is invented, and no failure is lost that had its entry. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { sharedClock } from '../cache/shared-clock.ts';
import { TagTable } from '../cache/tag-table.ts';
import type { HammerOrder, HammerReport } from '../testing/hammer.ts';
import { ScoreTable } from './score-table.ts';

const bucketOctets = 192;
const scoreKeys = 5;
/** Of each thread: longer than four of them take to start. */
const hammerRounds = 20_000;

test('threads that hammer one memory', async () => {
  const key = randomBytes(32);
  const tags = TagTable.allocate(bucketOctets * 4);
  const scores = ScoreTable.allocate(1);
  const table = new ScoreTable(scores);
  for (let number = 1; number <= scoreKeys; number += 1) table.raise(BigInt(number));
  const startMs = sharedClock();
  const reports = await Promise.all(
    Array.from({ length: 4 }, async (_, thread): Promise<HammerReport> => {
      const workerData: HammerOrder = {
        tags,
        scores,
        key,
        scoreKeys,
        thread,
        rounds: hammerRounds,
      };
      const worker = new Worker(new URL('../testing/hammer.ts', import.meta.url), { workerData });
      const [report] = await once(worker, 'message');
      return report;
    }),
  );
  const endMs = sharedClock();
  let raised = scoreKeys;
  for (const { rounds, invented, lost, clockMs } of reports) {
    raised += rounds;
    assert.equal(invented, 0);
    assert.equal(rounds, hammerRounds);
    // A full table in use by others may lose a tag between two calls, but not as a rule.
    assert.ok(lost < rounds / 2, `${lost} lost of ${rounds}`);
    assert.ok(startMs <= clockMs && clockMs <= endMs, 'all threads read one clock');
  }
  const rows = table.takeDeltas(100);
  assert.equal(rows.length, scoreKeys);
  assert.equal(
    rows.reduce((sum, { score }) => sum + score, 0),
    raised,
  );
});
