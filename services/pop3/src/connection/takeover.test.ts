/** When a session gives way, for every rule; and what a client is asked by TCP. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  keepAliveInitialDelayMs,
  takeoverHalfClosedStallMs,
  takeoverStallMs,
  takeoverUnansweredMs,
} from '../limits.ts';
import { ClientProbe, type ClientState, takeoverOf } from './takeover.ts';

const idle: ClientState = {
  isClosed: false,
  isHalfClosed: false,
  marked: 0,
  stalledMs: 0,
  unansweredMs: 0,
  isBusy: false,
  idleMs: 0,
};
const silent = { ...idle, idleMs: 60_000 };
const verdictOf = (client: ClientState, takeover: 'never' | 'dead' | 'idle'): string =>
  takeoverOf(client, { takeover, idleTakeoverMs: 60_000 });

describe('a session that another login waits for', () => {
  test('never gives way under never, whatever its client does', () => {
    const dead = { ...silent, stalledMs: 1e9, isClosed: true };
    for (const client of [idle, silent, dead]) assert.equal(verdictOf(client, 'never'), 'keep');
  });

  test('with marks stays, unless its socket is closed', () => {
    for (const rule of ['dead', 'idle'] as const) {
      const marked = { ...silent, marked: 1 };
      assert.equal(verdictOf(marked, rule), 'keep');
      assert.equal(verdictOf({ ...marked, stalledMs: 1e9, isHalfClosed: true }, rule), 'keep');
      assert.equal(verdictOf({ ...marked, isClosed: true }, rule), 'gone');
    }
  });

  test('ends when its client takes nothing for longer than a slow line explains', () => {
    for (const rule of ['dead', 'idle'] as const) {
      const stalled = { ...idle, isBusy: true, stalledMs: takeoverStallMs };
      assert.equal(verdictOf(stalled, rule), 'keep');
      assert.equal(verdictOf({ ...stalled, stalledMs: takeoverStallMs + 1 }, rule), 'gone');
      const silentHost = { ...stalled, unansweredMs: takeoverUnansweredMs };
      assert.equal(verdictOf(silentHost, rule), 'keep');
      assert.equal(verdictOf({ ...silentHost, unansweredMs: 4_001 }, rule), 'gone');
      const half = { ...stalled, isHalfClosed: true, stalledMs: takeoverHalfClosedStallMs };
      assert.equal(verdictOf(half, rule), 'keep');
      assert.equal(verdictOf({ ...half, stalledMs: half.stalledMs + 1 }, rule), 'gone');
    }
  });

  test('in a command stays; silent, it is asked, and ends where the rule is idle', () => {
    assert.equal(verdictOf({ ...silent, isBusy: true }, 'idle'), 'keep');
    assert.equal(verdictOf(silent, 'idle'), 'idle');
    assert.equal(verdictOf({ ...silent, idleMs: 59_999 }, 'idle'), 'probe');
    assert.equal(verdictOf(silent, 'dead'), 'probe');
  });
});

test('a client is asked at once, not again while it has time, and left alone afterwards', () => {
  const delays: unknown[] = [];
  const asked = {
    setKeepAlive: (_on: boolean, delayMs: number): void => {
      delays.push(delayMs);
    },
  };
  const probe = new ClientProbe();
  probe.sweep(asked, 0);
  probe.sweep(asked, 500);
  assert.deepEqual(delays.splice(0), [keepAliveInitialDelayMs], 'set once, at the first sweep');
  probe.begin(asked, 1_000);
  probe.begin(asked, 3_000);
  probe.sweep(asked, 7_999);
  assert.deepEqual(delays, [1_000]);
  probe.sweep(asked, 8_000);
  probe.sweep(asked, 9_000);
  assert.deepEqual(delays, [1_000, keepAliveInitialDelayMs]);
});
