/** Lent memory: what is out never changes, what has come back is used again, and nothing comes back twice. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lentSlabOctets } from '../limits.ts';
import { LentMemory } from './lent-memory.ts';

test('property: a piece that is out never changes, whatever else is lent and comes back', () => {
  const action = fc.oneof(
    fc.nat(100_000).map((octets) => ({ octets, at: 0 })),
    fc.nat(1_000).map((at) => ({ octets: null, at })),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const memory = new LentMemory();
      const out: { piece: Buffer; fill: number }[] = [];
      for (const [nth, { octets, at }] of actions.entries()) {
        const fill = nth & 0xff;
        if (octets !== null) out.push({ piece: memory.lend(Buffer.alloc(octets, fill)), fill });
        else {
          const [returned] = out.splice(at % Math.max(out.length, 1), 1);
          if (returned !== undefined) memory.takeBack(returned.piece);
        }
        for (const { piece, fill: was } of out) {
          assert.ok(piece.length === 0 || (piece[0] === was && piece.at(-1) === was));
        }
      }
    }),
    { numRuns: 100 },
  );
});

test('memory that came back is used again, and only when all of its slab has', () => {
  const memory = new LentMemory();
  const one = memory.lend(Buffer.alloc(1_000, 1));
  const two = memory.lend(Buffer.alloc(1_000, 2));
  memory.takeBack(one);
  const three = memory.lend(Buffer.alloc(1_000, 3));
  assert.notEqual(three.byteOffset, one.byteOffset);
  memory.takeBack(two);
  memory.takeBack(three);
  const again = memory.lend(Buffer.alloc(1_000, 4));
  assert.deepEqual([again.buffer, again.byteOffset], [one.buffer, one.byteOffset]);
});

test('a full slab is used again once it has come back', () => {
  const memory = new LentMemory();
  const first = memory.lend(Buffer.alloc(lentSlabOctets, 1));
  const second = memory.lend(Buffer.alloc(lentSlabOctets, 2));
  assert.notEqual(first.buffer, second.buffer);
  memory.takeBack(first);
  const third = memory.lend(Buffer.alloc(lentSlabOctets, 3));
  assert.equal(third.buffer, first.buffer);
  assert.equal(second[0], 2);
});

test('what comes back twice is an error, what was not lent is left alone', () => {
  const memory = new LentMemory();
  const piece = memory.lend(Buffer.alloc(10, 1));
  const other = memory.lend(Buffer.alloc(10, 2));
  memory.takeBack(piece);
  assert.throws(() => memory.takeBack(piece), RangeError);
  assert.equal(other[0], 2);
  const large = memory.lend(Buffer.alloc(lentSlabOctets + 1, 3));
  memory.takeBack(large);
  memory.takeBack(Buffer.alloc(10));
  memory.takeBack(memory.lend(Buffer.alloc(0)));
});
