/**
 * The slopes of costs whose growth is known, and that one which only shows at the largest size is seen.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growthOf, holds, type Point } from './slope.ts';

const sizes = [1e2, 1e3, 1e4, 1e5, 1e6];
const costs = (of: (size: number) => number): Point[] =>
  sizes.map((size) => ({ size, cost: of(size) }));

test('a power of the size has that slope', () => {
  for (const power of [0, 0.5, 1, 2]) {
    const { slope, lastStep } = growthOf(costs((size) => 3 * size ** power));
    assert.ok(Math.abs(slope - power) < 1e-9, `${slope}`);
    assert.ok(Math.abs(lastStep - power) < 1e-9, `${lastStep}`);
  }
});

test('what holds', () => {
  assert.ok(holds(growthOf(costs(() => 7)), 0));
  assert.ok(
    holds(growthOf(costs((size) => 100 + 5 * Math.log2(size))), 0),
    'the depth of an index',
  );
  assert.ok(holds(growthOf(costs((size) => 1_000 + size)), 1));
});

test('what does not hold', () => {
  assert.ok(!holds(growthOf(costs((size) => size)), 0));
  assert.ok(!holds(growthOf(costs((size) => size ** 1.5)), 1));
  const hidden = costs((size) => 1e6 + size ** 2 / 1e4);
  assert.ok(growthOf(hidden).slope < 1, 'the line alone does not tell');
  assert.ok(!holds(growthOf(hidden), 1), 'the last step does');
});
