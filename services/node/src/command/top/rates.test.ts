/** Rates out of answers of the overview, answer by answer. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateReader, rateNames, sumOf } from './rates.ts';
import { linesOf } from './screen.ts';

const beginMs = Date.parse('2026-01-01T00:00:00Z');

function at(seconds: number): string {
  return new Date(beginMs + seconds * 1_000).toISOString();
}

function node(name: string, reported: number, logins: number, state = 'up') {
  const none = Object.fromEntries(rateNames.map((rate) => [rate, 0]));
  const figures = state === 'gone' ? null : { ...none, loginsOpened: logins };
  return { node: name, state, reportedAt: at(reported), figures };
}

function opened(reader: RateReader, now: number, nodes: readonly unknown[]) {
  const read = reader.read({ at: at(now), nodes });
  return read.map(({ rates, silentSeconds }) => rates?.loginsOpened ?? silentSeconds);
}

test('a rate is the difference of two reports of a node over the time between them', () => {
  const reader = new RateReader();
  assert.deepEqual(opened(reader, 0, [node('a', 0, 100), node('b', 0, 7)]), [null, null]);
  assert.deepEqual(opened(reader, 2, [node('a', 0, 100), node('b', 0, 7)]), [null, null]);
  const later = [node('a', 5, 150), node('b', 4, 9)];
  assert.deepEqual(opened(reader, 6, later), [10, 0.5]);
  assert.deepEqual(opened(reader, 8, later), [10, 0.5], 'no new report: the rate stands');
  assert.equal(sumOf(reader.read({ at: at(8), nodes: later }))?.loginsOpened, 10.5);
});

test('a node that counts anew, or is gone, has no rate', () => {
  const reader = new RateReader();
  opened(reader, 0, [node('a', 0, 100), node('b', 0, 1)]);
  assert.deepEqual(opened(reader, 5, [node('a', 5, 3), node('b', 0, 1, 'gone')]), [null, null]);
  assert.deepEqual(opened(reader, 10, [node('a', 10, 13)]), [2]);
});

test('a node that says nothing any more is silent, in words', () => {
  const reader = new RateReader();
  opened(reader, 0, [node('a', 0, 100)]);
  assert.deepEqual(opened(reader, 5, [node('a', 5, 105)]), [1]);
  const now = reader.read({ at: at(25), nodes: [node('a', 5, 105)] });
  assert.partialDeepStrictEqual(now, [{ silentSeconds: 20, rates: null }]);
  assert.equal(sumOf(now), null);
  const worker = { bootId: 'x', isAlive: true, isDraining: false, sessions: 1, leaseAgeSeconds: 1 };
  const nodes = [{ node: 'a', drainedSince: null, workers: [worker] }];
  const [, line = ''] = linesOf({ at: at(25), nodes, now, sessions: [], hasMore: false });
  assert.match(line, /^a +up +1 +1 s ago +silent for 20 s/);
});
