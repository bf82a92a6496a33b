/**
 * The histogram against a sorted list of the same values.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chance } from './chance.ts';
import { Histogram } from './histogram.ts';

test('percentiles are those of the values, within a bucket, also when processes are added up', () => {
  const chance = new Chance(7);
  const values = Array.from({ length: 10_000 }, () => chance.exponential(3) + 0.01);
  const halves = [new Histogram(), new Histogram()];
  for (const [index, value] of values.entries()) halves[index % 2]?.record(value);
  const all = new Histogram();
  for (const half of halves) all.add(half.data());
  const sorted = values.toSorted((a, b) => a - b);
  const { count, p50, p95, p99, max } = all.percentiles();
  assert.equal(count, values.length);
  assert.equal(max, sorted.at(-1));
  for (const [found, part] of [
    [p50, 0.5],
    [p95, 0.95],
    [p99, 0.99],
  ] as const) {
    const real = sorted[Math.ceil(sorted.length * part) - 1] ?? 0;
    assert.ok(
      found >= real - 0.001 && found <= real * (1 + 1 / 64) + 0.001,
      `${found} for ${real}`,
    );
  }
});

test('values of one bucket are one value', () => {
  const histogram = new Histogram();
  for (let i = 0; i < 10; i += 1) histogram.record(0.01);
  const { p50, p99, max } = histogram.percentiles();
  assert.deepEqual([p50, p99, max], [0.01, 0.01, 0.01]);
});

test('without values there is nothing', () => {
  assert.deepEqual(new Histogram().percentiles(), { count: 0, p50: 0, p95: 0, p99: 0, max: 0 });
});
