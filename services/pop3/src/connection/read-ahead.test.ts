/** What is read before it is asked for, and how much of it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Snapshot } from '@poplar/store';
import {
  readAheadBehindOctetsMax,
  readAheadIdleMs,
  readAheadOctetsMax,
  readAheadWalkOctetsMax,
  smallBodyOctetsMax,
  sweepIntervalMs,
} from '../limits.ts';
import { ReadAhead, SharedRoom } from './read-ahead.ts';

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

test('the window grows while the client walks and falls back to one when it jumps', () => {
  const readAhead = new ReadAhead();
  const snapshot = snapshotOf(new Array(50).fill(10));
  assert.deepEqual(readAhead.plan(0, snapshot), [0]);
  assert.deepEqual(readAhead.plan(1, snapshot), [1, 2, 3, 4]);
  for (const index of [2, 3, 4]) {
    readAhead.keep(index, new Uint8Array(10));
    assert.equal(readAhead.take(index)?.length, 10);
  }
  assert.equal(readAhead.plan(5, snapshot).length, 16);
  assert.deepEqual(readAhead.plan(40, snapshot), [40]);
});

test('a body is given once, those before a jump are forgotten, and none is kept unplanned', () => {
  const readAhead = new ReadAhead();
  const snapshot = snapshotOf([10, 10, 10, 10]);
  readAhead.plan(0, snapshot);
  assert.deepEqual(readAhead.plan(1, snapshot), [1, 2, 3]);
  for (const index of [2, 3, 4]) readAhead.keep(index, new Uint8Array(10));
  assert.equal(readAhead.take(4), undefined);
  assert.equal(readAhead.take(2)?.length, 10);
  assert.equal(readAhead.take(2), undefined);
  readAhead.plan(0, snapshot);
  assert.equal(readAhead.take(3), undefined);
});

/** Walks over all messages as a client that keeps up; answers how many octets each statement brought. */
function walk(readAhead: ReadAhead, sizes: readonly number[]): number[] {
  const snapshot = snapshotOf(sizes);
  const octets: number[] = [];
  for (let index = 0; index < sizes.length; index += 1) {
    if (readAhead.take(index) !== undefined) continue;
    const planned = readAhead.plan(index, snapshot);
    for (const ahead of planned.slice(1)) readAhead.keep(ahead, new Uint8Array(sizes[ahead] ?? 0));
    octets.push(planned.reduce((sum, one) => sum + (sizes[one] ?? 0), 0));
  }
  return octets;
}

test('octets grow with the walk, as far as there is room that others have not taken', () => {
  const size = readAheadOctetsMax / 4;
  const sizes = new Array<number>(200).fill(size);
  const alone = walk(new ReadAhead(new SharedRoom()), sizes);
  assert.ok(alone.slice(0, 2).every((octets) => octets <= readAheadOctetsMax));
  assert.equal(Math.max(...alone), readAheadWalkOctetsMax);
  const crowded = walk(new ReadAhead(new SharedRoom(size)), sizes);
  assert.equal(Math.max(...crowded), readAheadOctetsMax);
});

test('never a large message', () => {
  const withLarge = snapshotOf([10, 10, 10, smallBodyOctetsMax + 1, 10]);
  const readAhead = new ReadAhead();
  readAhead.plan(0, withLarge);
  assert.deepEqual(readAhead.plan(1, withLarge), [1, 2]);
  readAhead.keep(2, new Uint8Array(10));
  readAhead.take(2);
  assert.deepEqual(readAhead.plan(2, withLarge), [2]);
});

/** A client that has walked far enough to have borrowed; the index it wants next. */
function walked(shared: SharedRoom): { readAhead: ReadAhead; next: number; size: number } {
  const size = readAheadOctetsMax / 4;
  const readAhead = new ReadAhead(shared);
  const snapshot = snapshotOf(new Array(400).fill(size));
  let next = 0;
  for (let plans = 0; plans < 6; plans += 1) {
    const planned = readAhead.plan(next, snapshot);
    for (const ahead of planned.slice(1)) readAhead.keep(ahead, new Uint8Array(size));
    next += 1;
    if (plans < 5) while (readAhead.take(next) !== undefined) next += 1;
  }
  return { readAhead, next, size };
}

function heldFrom(readAhead: ReadAhead, next: number): number {
  let octets = 0;
  for (let index = next; ; index += 1) {
    const body = readAhead.take(index);
    if (body === undefined) return octets;
    octets += body.length;
  }
}

for (const [name, client] of [
  ['is behind', { idleMs: 0, isBehind: true }],
  ['is silent', { idleMs: sweepIntervalMs + 1, isBehind: false }],
] as const) {
  test(`what was borrowed goes when the client ${name}, and what comes next stays`, () => {
    const shared = new SharedRoom();
    const before = shared.forOne;
    const { readAhead, next } = walked(shared);
    assert.ok(shared.forOne < before, 'it has borrowed');
    readAhead.sweep({ idleMs: 0, isBehind: false });
    assert.ok(shared.forOne < before, 'a client that keeps up keeps it');
    readAhead.sweep(client);
    assert.equal(shared.forOne, before);
    assert.equal(heldFrom(readAhead, next), readAheadBehindOctetsMax);
  });
}

test('what is on the way when the client falls behind is not kept', () => {
  const shared = new SharedRoom();
  const before = shared.forOne;
  const { readAhead, next, size } = walked(shared);
  const jumped = heldFrom(readAhead, next) / size + next;
  const planned = readAhead.plan(jumped, snapshotOf(new Array(400).fill(size)));
  assert.ok(planned.length * size > 2 * readAheadOctetsMax);
  readAhead.sweep({ idleMs: 0, isBehind: true });
  for (const index of planned.slice(1)) readAhead.keep(index, new Uint8Array(size));
  assert.equal(heldFrom(readAhead, jumped + 1), 0);
  assert.equal(shared.forOne, before);
});

test('nothing stays borrowed of a session that is over, and a long silence drops all', () => {
  const shared = new SharedRoom();
  const before = shared.forOne;
  const one = walked(shared);
  const other = walked(shared);
  one.readAhead.clear();
  other.readAhead.sweep({ idleMs: readAheadIdleMs + 1, isBehind: false });
  assert.equal(heldFrom(one.readAhead, one.next), 0);
  assert.equal(heldFrom(other.readAhead, other.next), 0);
  assert.equal(shared.forOne, before);
});
