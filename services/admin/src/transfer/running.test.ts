/**
 * Places for imports and exports: each is given back, and none is taken by who has gone.
 */

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import fastify from 'fastify';
import { Running } from './running.ts';

/** What counts of a response. */
class Gone extends EventEmitter {
  destroyed = false;

  leave(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

test('a place is given back when its client goes, and one who has gone takes none', () => {
  const running = new Running(fastify(), 1);
  const gone = new Gone();
  gone.leave();
  for (let times = 0; times < 3; times += 1) {
    assert.throws(() => running.enter(gone), { status: 400 });
  }
  const there = new Gone();
  running.enter(there);
  assert.throws(() => running.enter(new Gone()), { status: 503 });
  there.leave();
  running.enter(new Gone());
});
