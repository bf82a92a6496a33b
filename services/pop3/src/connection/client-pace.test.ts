/** Who is too slow, on a clock and with queues that the test makes up (decision 12). */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { octetsPerSecondMin, unansweredMs } from '../limits.ts';
import { ClientPace } from './client-pace.ts';

const windowMs = 600_000;
const sweepMs = 1_000;
const lookMs = 5_000;
const pendingOctets = 128 * 1024;
const longMs = 6 * 3_600_000;

interface Reader {
  /** What has left our memory in finished writes at this moment. */
  readonly finished?: (ms: number) => number;
  /** What the kernel holds; null where it does not tell. */
  readonly queued?: (ms: number) => number;
  readonly isUnanswered?: (ms: number) => boolean;
}

/** When it is cut off, in milliseconds; null if it never is. */
function cutAt(reader: Reader): number | null {
  const pace = new ClientPace();
  for (let ms = 0; ms <= longMs; ms += sweepMs) {
    const finished = reader.finished?.(ms) ?? 0;
    if (pace.isTooSlow(ms, windowMs, { octets: pendingOctets, finished })) return ms;
    if (reader.queued !== undefined && ms % lookMs === 0) {
      const octets = reader.queued(ms);
      pace.looked(ms, { octets, isUnanswered: reader.isUnanswered?.(ms) ?? false });
    }
  }
  return null;
}

/** Takes this many octets a second, seen in steps of so many. */
function steps(octetsPerSecond: number, stepOctets: number): (ms: number) => number {
  return (ms) => Math.floor((octetsPerSecond * ms) / 1_000 / stepOctets) * stepOctets;
}

const full = 3_000_000;
const refill = full / 2;
/** A client behind a kernel that takes half a queue from us whenever that much has gone. */
function behindKernel(taken: (ms: number) => number): Reader {
  return {
    queued: (ms) => full - (taken(ms) % refill),
    finished: (ms) => Math.floor(taken(ms) / refill) * refill,
  };
}

test('how long it has taken nothing, and not answered, is known as far as looks tell', () => {
  const pace = new ClientPace();
  const sweep = (ms: number, finished: number, octets = pendingOctets): void =>
    void pace.isTooSlow(ms, windowMs, { octets, finished });
  assert.deepEqual([pace.stalledMs(5), pace.unansweredForMs(5)], [0, 0]);
  sweep(1_000, 0);
  sweep(4_000, 0);
  assert.equal(pace.stalledMs(4_000), 3_000);
  sweep(5_000, 10);
  assert.equal(pace.stalledMs(6_000), 1_000);
  pace.looked(7_000, { octets: 100, isUnanswered: false });
  assert.equal(pace.stalledMs(8_000), 3_000, 'one look shows no change');
  pace.looked(9_000, { octets: 90, isUnanswered: true });
  assert.deepEqual([pace.stalledMs(10_000), pace.unansweredForMs(10_000)], [1_000, 0]);
  pace.looked(11_000, { octets: 90, isUnanswered: true });
  assert.deepEqual([pace.stalledMs(14_000), pace.unansweredForMs(14_000)], [5_000, 3_000]);
  // A small answer that only the kernel holds.
  sweep(15_000, 10, 0);
  assert.equal(pace.stalledMs(15_000), 6_000);
  pace.looked(16_000, { octets: 0, isUnanswered: false });
  sweep(17_000, 10, 0);
  assert.deepEqual([pace.stalledMs(18_000), pace.unansweredForMs(18_000)], [0, 0]);
});

describe('a client is cut off after one window', () => {
  for (const [who, reader] of [
    ['takes nothing', { queued: () => full }],
    ['takes nothing, and the kernel cannot be asked', {}],
    ['takes an octet a second', behindKernel(steps(1, 1))],
    ['takes an octet a second in steps of a packet', behindKernel(steps(1, 1_460))],
    ['takes just below the minimum', behindKernel(steps(octetsPerSecondMin - 4, 100))],
    ['takes just below the minimum in writes', { finished: steps(octetsPerSecondMin - 4, 100) }],
  ] satisfies [string, Reader][]) {
    test(`that ${who}`, () => {
      const ms = cutAt(reader);
      assert.ok(ms !== null && ms > windowMs && ms <= windowMs + 2 * sweepMs, `after ${ms} ms`);
    });
  }
});

describe('a client is waited for as long as it takes', () => {
  for (const [who, reader] of [
    ['takes just above the minimum', behindKernel(steps(octetsPerSecondMin + 4, 100))],
    ['takes 300 octets a second in steps of 128 KiB', behindKernel(steps(300, 131_072))],
    ['takes just above the minimum in writes', { finished: steps(octetsPerSecondMin + 4, 100) }],
    ['takes 2 KB a second in steps of a megabyte', { finished: steps(2_000, 1_000_000) }],
  ] satisfies [string, Reader][]) {
    test(`that ${who}`, () => assert.equal(cutAt(reader), null));
  }
});

test('one that was fast and then stops has its window from there', () => {
  const stopsAtMs = 900_000;
  const taken = steps(50_000, 1_000);
  const ms = cutAt(behindKernel((now) => taken(Math.min(now, stopsAtMs))));
  assert.ok(ms !== null && ms > stopsAtMs + windowMs - 2_000 && ms <= stopsAtMs + windowMs + 7_000);
});

test('a host that is gone has the shorter bound, and a sign of life ends it', () => {
  const gone = cutAt({ queued: () => full, isUnanswered: () => true });
  assert.ok(gone !== null && gone > unansweredMs && gone <= unansweredMs + lookMs, `${gone}`);
  const blinks = cutAt({ queued: () => full, isUnanswered: (ms) => ms % (unansweredMs / 2) !== 0 });
  assert.ok(blinks !== null && blinks > windowMs, 'a closed window that answers is not gone');
});

test('looks that always fall upon a repetition do not cut off one whose writes are finished', () => {
  const finished = steps(50_000, 1_000);
  assert.equal(cutAt({ finished, queued: () => full, isUnanswered: () => true }), null);
});

test('what waits in the kernel alone counts as waiting, until it has left', () => {
  const pace = new ClientPace();
  const nothing = { octets: 0, finished: 1_000 };
  pace.isTooSlow(0, windowMs, { octets: 10, finished: 0 });
  pace.isTooSlow(1_000, windowMs, nothing);
  pace.looked(2_000, { octets: 1_000, isUnanswered: false });
  assert.equal(pace.kernelHolds, true);
  assert.equal(pace.isTooSlow(3_000, windowMs, nothing), false);
  assert.ok(pace.waitingMs(9_000) >= lookMs, 'it is looked at again');
  assert.equal(pace.isTooSlow(3_001 + windowMs, windowMs, nothing), true);
  pace.looked(4_000 + windowMs, { octets: 0, isUnanswered: false });
  assert.equal(pace.isTooSlow(5_000 + windowMs, windowMs, nothing), false);
  assert.equal(pace.waitingMs(longMs), 0);
});
