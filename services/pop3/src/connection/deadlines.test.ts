/** Which deadline passes, one by one. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drainLingerMs, lingerMs } from '../limits.ts';
import { deadlinePassed, type Moments } from './deadlines.ts';

const deadlines = { loginTimeoutMs: 60_000, idleTimeoutMs: 600_000 };
const session: Moments = {
  nowMs: 1_000_000,
  acceptedAtMs: 0,
  endByMs: null,
  idleMs: 0,
  isTooSlow: false,
  isEnding: false,
  hasLoggedIn: true,
};

const cases: readonly (readonly [Partial<Moments>, ReturnType<typeof deadlinePassed>])[] = [
  [{}, null],
  [{ idleMs: 600_000 }, null],
  [{ idleMs: 600_001 }, 'idle-timeout'],
  [{ isTooSlow: true }, 'write-stall'],
  [{ isTooSlow: true, isEnding: true }, 'write-stall'],
  [{ hasLoggedIn: false, acceptedAtMs: 940_000 }, null],
  [{ hasLoggedIn: false, acceptedAtMs: 939_999 }, 'login-timeout'],
  [{ endByMs: 1_000_000 }, null],
  [{ endByMs: 999_999 }, 'told'],
  [{ endByMs: 999_999, hasLoggedIn: false, acceptedAtMs: 999_000 }, 'told'],
  // Its last word is on its way: it has the time that every client has to close.
  [{ endByMs: 999_999, isEnding: true, idleMs: lingerMs }, null],
  [{ isEnding: true, idleMs: lingerMs + 1 }, 'lingered'],
];

for (const [moments, passed] of cases) {
  test(`${JSON.stringify(moments)}: ${passed}`, () => {
    assert.equal(deadlinePassed({ ...session, ...moments }, deadlines, lingerMs), passed);
  });
}

test('a node that ends waits less for a client to close its side', () => {
  const late = { ...session, isEnding: true, idleMs: drainLingerMs + 1 };
  assert.equal(deadlinePassed(late, deadlines, lingerMs), null);
  assert.equal(deadlinePassed(late, deadlines, drainLingerMs), 'lingered');
});
