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
  const places = new Places({ max: 1, perDomainMax: 1, what: 'of these' });
  const gone = new Gone();
  gone.leave();
  for (let times = 0; times < 3; times += 1) {
    assert.throws(() => places.enter(gone, null), { status: 400 });
  }
  const there = new Gone();
  places.enter(there, null);
  assert.throws(() => places.enter(new Gone(), null), { status: 503 });
  there.leave();
  places.enter(new Gone(), null);
});

test('an end is told once, also to who asks behind it', () => {
  const response = new Gone();
  const told: string[] = [];
  whenOver(response, () => told.push('before'));
  response.leave();
  whenOver(response, () => told.push('behind'));
  assert.deepEqual(told, ['before', 'behind']);
});

test('the tokens of one domain have their share and leave the rest; each place comes back to its domain', () => {
  const places = new Places({ max: 3, perDomainMax: 2, what: 'of these' });
  const [first, second] = [new Gone(), new Gone()];
  places.enter(first, 'example.org');
  places.enter(second, 'example.org');
  assert.throws(() => places.enter(new Gone(), 'example.org'), { status: 429 });
  places.enter(new Gone(), 'example.net');
  assert.throws(() => places.enter(new Gone(), null), { status: 503 });
  first.leave();
  places.enter(new Gone(), 'example.org');
  assert.throws(() => places.enter(new Gone(), 'example.org'), { status: 429 });
});
