/**
 * Places for requests: each is given back, and none is taken by who has gone; an end is told to who asks late.
 */

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { Places, whenOver } from './places.ts';

/** What counts of a response. */
class Gone extends EventEmitter {
  destroyed = false;

  leave(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

test('a place is given back when its client goes, and one who has gone takes none', () => {
  const places = new Places(1, 'of these');
  const gone = new Gone();
  gone.leave();
  for (let times = 0; times < 3; times += 1) {
    assert.throws(() => places.enter(gone), { status: 400 });
  }
  const there = new Gone();
  places.enter(there);
  assert.throws(() => places.enter(new Gone()), { status: 503 });
  there.leave();
  places.enter(new Gone());
});

test('an end is told once, also to who asks behind it', () => {
  const response = new Gone();
  const told: string[] = [];
  whenOver(response, () => told.push('before'));
  response.leave();
  whenOver(response, () => told.push('behind'));
  assert.deepEqual(told, ['before', 'behind']);
});
