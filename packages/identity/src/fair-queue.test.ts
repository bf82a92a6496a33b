/** Bounds and turns of the fair queue. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FairQueue } from './fair-queue.ts';

test('sources are served in turn, each in its own order', () => {
  const queue = new FairQueue<string>({ max: 10, perSourceMax: 5 });
  for (const entry of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) queue.push(entry.charAt(0), entry);
  const served = Array.from({ length: 7 }, () => queue.shift());
  assert.deepEqual(served, ['a1', 'b1', 'c1', 'a2', 'c2', 'a3', undefined]);
  assert.equal(queue.size, 0);
});

test('a source has its own bound', () => {
  const queue = new FairQueue<string>({ max: 10, perSourceMax: 2 });
  assert.equal(queue.push('a', 'a1'), null);
  assert.equal(queue.push('a', 'a2'), null);
  assert.equal(queue.push('a', 'a3'), 'a3');
  assert.equal(queue.push('b', 'b1'), null);
  assert.equal(queue.size, 3);
});

test('a full queue gives room to a short line, from the end of the longest', () => {
  const queue = new FairQueue<string>({ max: 4, perSourceMax: 4 });
  for (const entry of ['a1', 'a2', 'a3', 'a4']) queue.push('a', entry);
  assert.equal(queue.push('b', 'b1'), 'a4');
  assert.equal(queue.push('b', 'b2'), 'a3');
  assert.equal(queue.push('b', 'b3'), 'b3', 'not for a line that would be longer');
  assert.equal(queue.push('c', 'c1'), 'a2');
  assert.equal(queue.push('d', 'd1'), 'b2');
  assert.equal(queue.push('e', 'e1'), 'e1', 'not when all lines are of one');
  assert.equal(queue.push('a', 'a5'), 'a5');
  assert.equal(queue.size, 4);
  assert.equal(new FairQueue<string>({ max: 0, perSourceMax: 4 }).push('a', 'a1'), 'a1');
});

test('property: everything pushed comes out once, by push or by shift, and bounds hold', () => {
  const step = fc.oneof(fc.constantFrom('a', 'b', 'c', 'd'), fc.constant(null));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.nat(9), fc.nat(5), (steps, max, each) => {
      const queue = new FairQueue<number>({ max, perSourceMax: each });
      const out: number[] = [];
      let pushed = 0;
      for (const source of steps) {
        const entry = source === null ? queue.shift() : queue.push(source, pushed++);
        if (entry !== null && entry !== undefined) out.push(entry);
        assert.ok(queue.size <= max);
      }
      for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) out.push(entry);
      assert.deepEqual(
        [...out].sort((a, b) => a - b),
        Array.from({ length: pushed }, (_, i) => i),
      );
    }),
  );
});
