/** Connections of an address are counted over all workers, and a dead worker's go when it is replaced. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { AddressCounts } from './address-counts.ts';
import { Networks } from './networks.ts';

function nodeOf({ workers = 3, connectionsMax = 4, exempt = [] as readonly string[] } = {}) {
  const memory = AddressCounts.allocate(workers);
  const key = randomBytes(32);
  return (worker: number): AddressCounts =>
    new AddressCounts({ memory, key, worker, connectionsMax, exempt: new Networks(exempt) });
}

test('an address has its share of the node, whichever workers it comes to', () => {
  const open = nodeOf();
  const [a, b] = [open(0), open(1)];
  const entered = [a, b, a, b, a, b].map((counts) => counts.enter('192.0.2.1'));
  assert.deepEqual(entered, [true, true, true, true, false, false]);
  assert.equal(a.count('::ffff:192.0.2.1'), 4, 'the same address');
  assert.equal(b.enter('192.0.2.2'), true, 'another one');
  a.leave('192.0.2.1');
  assert.equal(b.enter('192.0.2.1'), true);
  assert.equal(b.enter('192.0.2.1'), false);
});

test('all of an IPv6 /64 is one address', () => {
  const counts = nodeOf({ connectionsMax: 2 })(0);
  const entered = ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8:0:1::1'].map((address) =>
    counts.enter(address),
  );
  assert.deepEqual(entered, [true, true, false, true]);
});

test('exempt networks are not counted', () => {
  const counts = nodeOf({ connectionsMax: 1, exempt: ['127.0.0.0/8'] })(0);
  for (let time = 0; time < 10; time += 1) assert.equal(counts.enter('127.0.0.1'), true);
  assert.equal(counts.count('127.0.0.1'), 0);
  counts.leave('127.0.0.1');
  assert.equal(counts.count('127.0.0.1'), 0);
});

test('what a dead worker had is free when it is replaced', () => {
  const open = nodeOf({ connectionsMax: 2 });
  const [dead, living] = [open(0), open(1)];
  dead.enter('192.0.2.1');
  living.enter('192.0.2.1');
  assert.equal(living.enter('192.0.2.1'), false);
  open(0);
  assert.equal(living.enter('192.0.2.1'), true);
});

test('a worker beyond those there is memory for is refused', () => {
  assert.throws(() => nodeOf({ workers: 2 })(2), RangeError);
});

test('property: counts are those of a plain table, and all are given back', () => {
  const step = fc.record({ worker: fc.nat(2), address: fc.nat(4), enters: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const open = nodeOf({ connectionsMax: 3 });
      const workers = [0, 1, 2].map(open);
      const held: [counts: AddressCounts, address: string][] = [];
      for (const { worker, address: number, enters } of steps) {
        const counts = workers[worker];
        assert.ok(counts !== undefined);
        const address = `192.0.2.${number}`;
        const mine = held.findIndex(([who, what]) => who === counts && what === address);
        const total = held.filter(([, what]) => what === address).length;
        assert.equal(counts.count(address), total);
        if (enters) {
          const entered = counts.enter(address);
          assert.equal(entered, total < 3);
          if (entered) held.push([counts, address]);
        } else if (mine >= 0) {
          held.splice(mine, 1);
          counts.leave(address);
        }
      }
      for (const [counts, address] of held) counts.leave(address);
      for (let number = 0; number < 5; number += 1) {
        assert.equal(workers[0]?.count(`192.0.2.${number}`), 0);
      }
    }),
    { numRuns: 50 },
  );
});
