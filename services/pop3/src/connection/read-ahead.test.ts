/** What is read before it is asked for, and how much of it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Snapshot } from '@poplar/store';
import { readAheadOctetsMax, smallBodyOctetsMax } from '../limits.ts';
import { ReadAhead } from './read-ahead.ts';

function snapshotOf(sizes: readonly number[]): Snapshot {
  return {
    version: '1',
    count: sizes.length,
    totalOctets: sizes.reduce((sum, size) => sum + size, 0),
    messageIds: BigInt64Array.from(sizes, (_, i) => BigInt(i + 1)),
    octets: Float64Array.from(sizes),
    wireOctets: Float64Array.from(sizes),
    headerOctets: new Float64Array(sizes.length),
    identities: new Uint8Array(24 * sizes.length),
    storedUidls: new Map(),
  };
}

test('the window doubles while the client walks and falls back to one when it jumps', () => {
  const readAhead = new ReadAhead();
  const snapshot = snapshotOf(new Array(50).fill(10));
  assert.deepEqual(readAhead.plan(0, snapshot), [0]);
  assert.deepEqual(readAhead.plan(1, snapshot), [1, 2]);
  readAhead.keep(2, new Uint8Array(10));
  assert.equal(readAhead.take(2)?.length, 10);
  assert.deepEqual(readAhead.plan(3, snapshot), [3, 4, 5, 6]);
  assert.deepEqual(readAhead.plan(40, snapshot), [40]);
});

test('a body is given once, and those before a jump are forgotten', () => {
  const readAhead = new ReadAhead();
  const snapshot = snapshotOf([10, 10, 10]);
  readAhead.plan(0, snapshot);
  readAhead.keep(1, new Uint8Array(1));
  readAhead.keep(2, new Uint8Array(2));
  assert.equal(readAhead.take(1)?.length, 1);
  assert.equal(readAhead.take(1), undefined);
  readAhead.plan(0, snapshot);
  assert.equal(readAhead.take(2), undefined);
});

test('never beyond its octets, never a large message', () => {
  const size = readAheadOctetsMax / 4;
  const readAhead = new ReadAhead();
  const snapshot = snapshotOf(new Array(30).fill(size));
  for (const index of [0, 1, 2, 3, 4]) {
    const planned = readAhead.plan(index, snapshot).length;
    assert.ok(planned * size <= readAheadOctetsMax, `${planned} messages`);
  }
  const withLarge = snapshotOf([10, 10, 10, smallBodyOctetsMax + 1, 10]);
  const other = new ReadAhead();
  other.plan(0, withLarge);
  assert.deepEqual(other.plan(1, withLarge), [1, 2]);
  other.keep(2, new Uint8Array(10));
  other.take(2);
  assert.deepEqual(other.plan(2, withLarge), [2]);
});
