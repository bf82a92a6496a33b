import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentMaximum } from './recent-maximum.ts';

test('a value is the largest until a while is over, and then forgotten', () => {
  const recent = new RecentMaximum(60, 6);
  assert.equal(recent.at(0), 0);
  recent.add(5, 3);
  recent.add(2, 12);
  assert.equal(recent.at(12), 5);
  assert.equal(recent.at(59), 5);
  assert.equal(recent.at(60), 2, 'the slice of the 5 began anew');
  assert.equal(recent.at(75), 0);
  recent.add(1, 1_000);
  assert.equal(recent.at(1_000), 1);
});

test('it is the largest of the slices that are not over, whatever comes when', () => {
  // A sequence that looks random and is the same each time (Park and Miller).
  let state = 1;
  const below = (bound: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % bound;
  };
  for (let round = 0; round < 200; round += 1) {
    const recent = new RecentMaximum(60, 6);
    const seen: { slice: number; value: number }[] = [];
    let nowMs = 0;
    for (let step = 0; step < 40; step += 1) {
      nowMs += below(10) === 0 ? below(200) : below(25);
      const value = below(100);
      recent.add(value, nowMs);
      const slice = Math.floor(nowMs / 10);
      seen.push({ slice, value });
      const values = seen.filter((one) => one.slice > slice - 6).map((one) => one.value);
      assert.equal(recent.at(nowMs), Math.max(...values), `round ${round}, step ${step}`);
    }
  }
});
